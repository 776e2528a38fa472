"""What the answers of the public interface (/api/v1/) have in common: nobody signs in, caches keep them a minute."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.cache import patch_cache_control
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.views import APIView

SIZE = 25
AFTER = OpenApiParameter("after", str, description="Vị trí từ “next” của trang trước")
CODE = OpenApiParameter("code", str, OpenApiParameter.PATH, description="Mã đơn vị")


class Reading(APIView):
    """Caches may keep an answer for a minute; an error none at all."""

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if response.status_code == 200:
            patch_cache_control(response, public=True, max_age=60)
        return response


def following(request: Request, after: str) -> str | None:
    """The address of the next page of a list, after the place it ended at."""
    return f"{settings.PUBLIC_URL}{request.path}?after={after}" if after else None
