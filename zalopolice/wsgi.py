import logging
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zalopolice.settings")

application = get_wsgi_application()

from django.conf import settings  # noqa: E402  (Django must be set up first)

from zalopolice import zones  # noqa: E402

for handler in logging.getLogger("gunicorn.error").handlers:
    handler.addFilter(zones.NoPersonalData())
if settings.ZONE in zones.RUNNING:
    zones.refuse_unsafe_role(settings.ZONE)
