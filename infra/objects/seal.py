"""AES-256-GCM, bound to the request: what is sealed for one cannot be read as another's, and no bit of it changed."""

import os
from dataclasses import dataclass, field
from uuid import UUID

NONCE_BYTES = 12


class SealBroken(Exception):
    """Another key, another request, or not what was sealed."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """The key of one request's content. ``key_id`` says under which master key, on which day and where it is kept."""

    key_id: str
    request_id: UUID
    secret: bytes = field(repr=False)

    def seal(self, content: bytes) -> bytes:
        """What can be read with this key alone."""
        return seal(self.secret, content, self._bound_to)

    def open(self, sealed: bytes) -> bytes:
        """Raises :class:`SealBroken`."""
        return opened(self.secret, sealed, self._bound_to)

    @property
    def _bound_to(self) -> bytes:
        return f"content of {self.request_id} under {self.key_id}".encode()


def new_secret() -> bytes:
    """256 random bits."""
    return os.urandom(32)


def seal(secret: bytes, content: bytes, bound_to: bytes) -> bytes:
    """A random nonce, the encrypted content, and its tag."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(secret).encrypt(nonce, content, bound_to)


def opened(secret: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    """The content. Raises :class:`SealBroken`."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(secret).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError):
        raise SealBroken from None
