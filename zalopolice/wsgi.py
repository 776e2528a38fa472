import logging
import os

import django
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zalopolice.settings")

django.setup()

from django.conf import settings  # noqa: E402  (Django must be set up first)

from zalopolice import serving, zones  # noqa: E402

if settings.HASHED:
    serving.gather()  # before the application: its middleware reads the list of files once
application = get_wsgi_application()

for handler in logging.getLogger("gunicorn.error").handlers:
    handler.addFilter(zones.NoPersonalData())
if settings.ZONE in zones.RUNNING:
    zones.refuse_unsafe_role(settings.ZONE)
