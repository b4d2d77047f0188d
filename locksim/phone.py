"""A phone as a lock sees it: a key, and what it carries. It can read nothing of that.

It is the radio's other end: what it asks of the server is the app's own business (docs/phone.md).
"""

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from domain.link.courier import Hello, key_thumbprint, opening_message
from domain.security import base64url
from locksim.phone_link import Presented


class CarriedKey:
    """A P-256 key that never leaves its phone."""

    def __init__(self, key: ec.EllipticCurvePrivateKey | None = None) -> None:
        """A new key, unless one is given."""
        self._key = key or ec.generate_private_key(ec.SECP256R1())
        self.public_key = self._key.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )

    @property
    def thumbprint(self) -> str:
        """RFC 7638, as the server knows the phone."""
        return base64url.encode(key_thumbprint(self.public_key))

    def presented(self, hello: bytes, lease: bytes | None, bundle: bytes | None) -> Presented:
        """What answers this hello."""
        said = Hello.claimed(hello)
        signed = self._key.sign(opening_message(said.lock_id, said.nonce), ec.ECDSA(SHA256()))
        r, s = decode_dss_signature(signed)
        return Presented(
            nonce=said.nonce,
            lease=lease,
            bundle=bundle,
            public_key=self.public_key,
            signature=r.to_bytes(32, "big") + s.to_bytes(32, "big"),
        )
