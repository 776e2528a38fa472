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
WEBHOOK_URL = env.str("ZALOPOLICE_WEBHOOK_URL", default="http://127.0.0.1:8002").rstrip("/")
ALLOWED_HOSTS = env.list("ZALOPOLICE_ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = [WEB_URL]
CSRF_FAILURE_VIEW = "zalopolice.error_pages.foreign_form"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "zalopolice.units.apps.LibraryAccounts",
    "allauth.mfa",
    "zalopolice.units",
    "zalopolice.audit",
    "zalopolice.vault",
    "zalopolice.gateway",
    "tips",
    "procedures",
    "broadcasts",
    "zalopolice",
]
MIGRATION_MODULES = {"admin": None}  # its only table is a log of its own; acts stand in the audit log

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "zalopolice.views.private_pages",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "zalopolice.serving.Compressed",
    "zalopolice.preferences.middleware",
    "zalopolice.error_pages.middleware",
    "zalopolice.units.sessions.Sessions",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "zalopolice.units.first_things.AuthRequired",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "zalopolice.units.seats.SeatMiddleware",
    "zalopolice.units.first_things.FirstThings",
]
# Citizens never sign in: no session, no officer, no unit context in zone public, and so nothing to forge a form with.
NOT_FOR_CITIZENS = ("auth", "essage", ".units.", ".csrf.")
CITIZENS_MIDDLEWARE = [one for one in MIDDLEWARE if not any(part in one for part in NOT_FOR_CITIZENS)]
if ZONE == "public":
    MIDDLEWARE = CITIZENS_MIDDLEWARE

if ZONE in ("public", "test"):
    INSTALLED_APPS += ["rest_framework", "drf_spectacular", "drf_spectacular_sidecar"]  # the interface for others
if ZONE != "public":
    INSTALLED_APPS += ["django.contrib.admin.apps.SimpleAdminConfig"]  # editors' pages, /noi-dung/ (design D20)

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
                "zalopolice.preferences.context",
                "zalopolice.frame.frame",
            ]
            if ZONE != "public"
            else ["django.template.context_processors.request", "zalopolice.preferences.context"],
        },
    }
]

AUTH_USER_MODEL = "units.Officer"
AUTHENTICATION_BACKENDS = ["zalopolice.units.sign_in.OfficerBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    # Long and not guessable; no rules of composition, no expiry (NIST SP 800-63B, ASVS 5.0 6.2).
    {"NAME": "zalopolice.units.passwords.Length"},
    {"NAME": "zalopolice.units.passwords.NotCommon"},
    {"NAME": "zalopolice.units.passwords.NotLocal"},
]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign_in"

SESSION_COOKIE_NAME = "zp" if DEMO else "__Host-zp"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEMO
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # Strict would drop the session when Zalo's consent page sends the chief back.
SESSION_COOKIE_AGE = 10 * 60 * 60  # the end of a working day, however busy it was
SESSION_IDLE = 60 * env.int("ZALOPOLICE_IDLE_MINUTES", default=15)
SESSION_EXPIRE_AT_BROWSER_CLOSE = True  # the row in the database knows when a session ends; a cookie cannot be told
QUIET_PATHS = {"/khung/"}  # asked by pages themselves: they do not keep a session awake
DEVICE_COOKIE_NAME = "zpd" if DEMO else "__Host-zpd"
TRUSTED_PROXIES = env.int("ZALOPOLICE_TRUSTED_PROXIES", default=0)  # how many, in front of us, add X-Forwarded-For
SECOND_FACTOR_REQUIRED = not DEMO  # for who commands or administers; everybody may have one
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
        "form-action": [
            "'self'",
            env.str("ZALO_OAUTH_URL", default="https://oauth.zaloapp.com"),
            *filter(None, [env.str("ZALO_TRAINING_URL", default="")]),
        ],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
SESSION_ENGINE = "zalopolice.units.sessions"

# --- Second factors: the functions of django-allauth behind pages of our own ------------------------------------
ACCOUNT_ADAPTER = "zalopolice.units.library.Accounts"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
MFA_ADAPTER = "zalopolice.units.library.Factors"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1  # clocks of telephones go half a minute wrong
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEMO  # http://localhost; browsers themselves allow no other plain http

DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

LANGUAGE_CODE = "vi"
LANGUAGE_COOKIE_NAME = "zp_lang"
LANGUAGES = [("vi", "Tiếng Việt"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "Asia/Ho_Chi_Minh"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env.str("ZALOPOLICE_STATIC_DIR", default=str(BASE_DIR / ".data" / "static")))
HASHED = ZONE in {"web", "public"}  # gathered by the server itself when it starts (zalopolice/serving.py)
if HASHED:
    STATIC_ROOT /= ZONE  # their files differ: in one folder each would gather anew, from under the other's reading
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if HASHED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not HASHED
WHITENOISE_AUTOREFRESH = False
MEDIA_DIR = Path(env.str("ZALOPOLICE_MEDIA_DIR", default=str(BASE_DIR / ".data" / "media")))
MEDIA_FLOOR = env.int("ZALOPOLICE_MEDIA_FLOOR_MB", default=500 if DEMO else 10_000) * 1_000_000  # stays free for texts
# The vault's own memory beside the database: token pairs, sealed, and the mark that shows an older database.
VAULT_DIR = Path(env.str("ZALOPOLICE_VAULT_DIR", default=str(BASE_DIR / ".data" / "vault")))
CHECKPOINT_DIR = Path(env.str("ZALOPOLICE_CHECKPOINT_DIR", default=str(BASE_DIR / ".data" / "checkpoints")))
BACKUP_MARK = env.str("ZALOPOLICE_BACKUP_MARK", default="")  # a file whose age is the age of the last good backup
METRICS_TOKEN = env.str("ZALOPOLICE_METRICS_TOKEN", default="")  # without it /metrics answers this machine only
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- The interface for other systems, zone public: JSON to read, nobody signs in -----------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.AnonRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"anon": "120/min"},  # of one address and process; caches answer most of it
    "NUM_PROXIES": TRUSTED_PROXIES,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Thủ tục hành chính ở công an xã, phường",
    "DESCRIPTION": "Đơn vị và thủ tục đang công bố. Chỉ đọc, không cần đăng nhập, không có dữ liệu cá nhân.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # No "try it out" and no remote validator: the page describes, and asks nobody else.
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "supportedSubmitMethods": [], "validatorUrl": None},
}

# --- Zalo -------------------------------------------------------------------------------------------------------
ZALO_OAUTH_URL = env.str("ZALO_OAUTH_URL", default="https://oauth.zaloapp.com").rstrip("/")
ZALO_API_URL = env.str("ZALO_API_URL", default="https://openapi.zalo.me").rstrip("/")
ZALO_TRAINING_URL = env.str("ZALO_TRAINING_URL", default="").rstrip("/")  # the simulator, for training units alone
ZALO_MEDIA_HOSTS = env.list("ZALO_MEDIA_HOSTS", default=["zdn.vn", "zadn.vn", "dlfl.vn", "dlmd.me", "flchat.vn"])
ZALO_TIMEOUT = env.float("ZALO_TIMEOUT", default=10.0)  # seconds until an answer counts as missing
# Seconds an unclear send waits for its echo; longer than any task lives, so that whoever sent it is surely done.
ZALO_ECHO_WAIT = env.float("ZALO_ECHO_WAIT", default=150.0)

# --- Celery: a doorbell, never the truth (design D1) --------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# After a round's 30 s somebody's last row may still refresh a token and send: cut short, the new pair would be lost.
CELERY_TASK_SOFT_TIME_LIMIT = 110
CELERY_TASK_TIME_LIMIT = 120
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
    # fido2 names the credential of every key that signs in.
    "loggers": {"urllib3": {"level": "ERROR"}, "fido2": {"level": "WARNING"}},
}
