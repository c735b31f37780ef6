# SPDX-License-Identifier: Apache-2.0
"""The toolkit's own pages, Django's login page, and one resource behind the toolkit's guard."""

from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.views.generic import ProtectedResourceView


class Devices(ProtectedResourceView):
    """Tells who asks; echoes what is posted."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The user to whom the token belongs shows that the token is the right one."""
        return JsonResponse({"user": str(request.resource_owner), "devices": ["printer-1"]})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Sends the body back."""
        return HttpResponse(request.body, content_type=request.content_type, status=201)


urlpatterns = [
    path("login/", LoginView.as_view()),
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    # Not a page with a form: the token protects it, not a cookie.
    path("Connect/api/devices", csrf_exempt(Devices.as_view())),
]
