# SPDX-License-Identifier: Apache-2.0
"""Fills the foreign server's database: run by foreign_server.py, told by JSON on stdin."""

import json
import sys

import django
from django.core.management import call_command


def main() -> None:
    """Makes the tables, one user and one API client for each grant."""
    django.setup()
    call_command("migrate", verbosity=0)
    from django.contrib.auth.models import User  # only importable after setup()
    from oauth2_provider.models import Application

    wanted = json.load(sys.stdin)
    User.objects.create_user(wanted["username"], password=wanted["password"])
    for application in wanted["applications"]:
        Application.objects.create(client_type="confidential", **application)


if __name__ == "__main__":
    main()
