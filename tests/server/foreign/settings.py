# SPDX-License-Identifier: Apache-2.0
"""Django settings of the foreign server: the toolkit as it comes, and what Django insists on.

Everything that varies comes from the environment, set by foreign_server.py.
"""

import os
import pathlib

_DIRECTORY = pathlib.Path(os.environ["FOREIGN_SERVER_DIRECTORY"])

SECRET_KEY = os.environ["FOREIGN_SERVER_KEY"]
DEBUG = False
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "server.domain.tld"]
ROOT_URLCONF = "urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(_DIRECTORY / "database.sqlite3"),
        "OPTIONS": {"timeout": 20},
    }
}
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "oauth2_provider",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "context_processors": ["django.template.context_processors.request"],
            "loaders": [
                (
                    "django.template.loaders.locmem.Loader",
                    {
                        "registration/login.html": (
                            '<form method="post">{% csrf_token %}{{ form.as_p }}'
                            '<input type="hidden" name="next" value="{{ next }}"></form>'
                        )
                    },
                ),
                "django.template.loaders.app_directories.Loader",
            ],
        },
    }
]
STATIC_URL = "/static/"
LOGIN_URL = "/login/"
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
OAUTH2_PROVIDER = {
    "ACCESS_TOKEN_EXPIRE_SECONDS": int(os.environ["FOREIGN_SERVER_TOKEN_SECONDS"]),
}
