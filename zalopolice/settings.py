"""One settings file for every zone. The zone decides the database role, the keys and the address table.

Each environment variable is read once, here; ``deploy/.env.example`` lists them. A missing or unsafe one stops
the start with a sentence that names it (``zalopolice/zones.py``).
"""

from pathlib import Path

import environ  # type: ignore[import-untyped]  # ships no types

from zalopolice import zones

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

ZONE = zones.current(env.str("ZALOPOLICE_ZONE", default=""))
DEMO = env.bool("ZALOPOLICE_DEMO", default=False)
DEBUG = False

KEYS = zones.keys(ZONE, env.str("ZALOPOLICE_KEY_FILE", default=""))
SECRET_KEY = KEYS.session_key or zones.unused_secret()
KEY_FILE = env.str("ZALOPOLICE_KEY_FILE", default="")

DATABASES = zones.databases(ZONE, env)
REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")

WEB_URL = env.str("ZALOPOLICE_WEB_URL", default="http://127.0.0.1:8000").rstrip("/")
PUBLIC_URL = env.str("ZALOPOLICE_PUBLIC_URL", default="http://127.0.0.1:8001").rstrip("/")
ALLOWED_HOSTS = env.list("ZALOPOLICE_ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = [WEB_URL]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "zalopolice.units",
    "zalopolice.audit",
    "zalopolice.vault",
    "zalopolice.gateway",
    "tips",
    "procedures",
    "broadcasts",
    "zalopolice",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "zalopolice.views.private_pages",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "zalopolice.units.seats.SeatMiddleware",
]
if ZONE == "public":
    # Citizens never sign in: no session, no officer, no unit context in this zone.
    MIDDLEWARE = [name for name in MIDDLEWARE if "auth" not in name and "essage" not in name and "seats" not in name]
    MIDDLEWARE = [name for name in MIDDLEWARE if "sessions" not in name]

ROOT_URLCONF = "zalopolice.public_urls" if ZONE == "public" else "zalopolice.urls"
WSGI_APPLICATION = "zalopolice.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
            ]
            if ZONE != "public"
            else ["django.template.context_processors.request"],
        },
    }
]

AUTH_USER_MODEL = "units.Officer"
AUTHENTICATION_BACKENDS = ["zalopolice.units.sign_in.OfficerBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 15}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign_in"

SESSION_COOKIE_NAME = "zp" if DEMO else "__Host-zp"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEMO
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # Strict would drop the session when Zalo's consent page sends the chief back.
SESSION_COOKIE_AGE = 10 * 60 * 60
SECURE_CONTENT_TYPE_NOSNIFF = True
# "no-referrer" would make browsers send "Origin: null" with every form, and the CSRF check refuses that.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = False  # The proxy in front ends TLS.
SECURE_HSTS_SECONDS = 0 if DEMO else 63072000
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEMO
SECURE_PROXY_SSL_HEADER = None if DEMO else ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "media-src": ["'self'"],
        "connect-src": ["'self'"],
        "font-src": ["'self'"],
        "form-action": ["'self'", env.str("ZALO_OAUTH_URL", default="https://oauth.zaloapp.com")],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
SESSION_ENGINE = "zalopolice.units.sessions"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

LANGUAGE_CODE = "vi"
LANGUAGES = [("vi", "Tiếng Việt"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "Asia/Ho_Chi_Minh"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True  # few files, read once at the start: nothing to collect
WHITENOISE_AUTOREFRESH = False
MEDIA_DIR = Path(env.str("ZALOPOLICE_MEDIA_DIR", default=str(BASE_DIR / ".data" / "media")))
CHECKPOINT_DIR = Path(env.str("ZALOPOLICE_CHECKPOINT_DIR", default=str(BASE_DIR / ".data" / "checkpoints")))
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Zalo -------------------------------------------------------------------------------------------------------
ZALO_OAUTH_URL = env.str("ZALO_OAUTH_URL", default="https://oauth.zaloapp.com").rstrip("/")
ZALO_API_URL = env.str("ZALO_API_URL", default="https://openapi.zalo.me").rstrip("/")
ZALO_MEDIA_HOSTS = env.list("ZALO_MEDIA_HOSTS", default=["zdn.vn", "zadn.vn", "dlfl.vn", "dlmd.me", "flchat.vn"])
ZALO_TIMEOUT = env.float("ZALO_TIMEOUT", default=10.0)  # seconds until an answer counts as missing
ZALO_ECHO_WAIT = env.float("ZALO_ECHO_WAIT", default=90.0)  # seconds an unclear send waits for its echo

# --- Celery: a doorbell, never the truth (design D1) --------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SOFT_TIME_LIMIT = 60
CELERY_TASK_TIME_LIMIT = 90
CELERY_TASK_DEFAULT_QUEUE = "worker"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 120, "socket_timeout": 5, "socket_connect_timeout": 2}
CELERY_TIMEZONE = "UTC"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"plain": {"()": "zalopolice.zones.NoPersonalData"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["plain"]}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    # Its warnings quote addresses, and the address of a conversation's history names a person.
    "loggers": {"urllib3": {"level": "ERROR"}},
}
