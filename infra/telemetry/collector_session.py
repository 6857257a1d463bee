"""The HTTP session to the collector: the authority that is named for OTLP is the one that is asked."""

from typing import Any

import requests


class CollectorSession(requests.Session):
    """``requests`` lets ``REQUESTS_CA_BUNDLE``, meant for other traffic, go before a session's own authority."""

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        settings = super().merge_environment_settings(url, proxies, stream, verify, cert)
        if isinstance(self.verify, str):
            settings["verify"] = self.verify
        return settings
