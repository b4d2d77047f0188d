"""FF1 format-preserving encryption of decimal numerals (NIST SP 800-38G, algorithms 7 and 8).

A SmartPIN must be ten digits that only one lock and its server can make or read, so the cipher's
block has to be ten decimal digits. FF1 turns AES into such a cipher.

A cipher that decrypts what it encrypts but is not FF1, say with another number of rounds, would open
the simulated door and no other. Hence the published samples and a second implementation in the tests.

Only radix 10 and 6 to 56 digits. Below six digits the standard forbids it (fewer than 10^6
numerals); up to 56 digits one AES block is enough for each round, which keeps every round to one
AES call: all blocks of the CBC-MAC but the last depend on tweak and length alone and are computed
once. Numbers are big-endian throughout.

Python integers are not constant-time. Do not offer these functions to somebody who can time them to
the nanosecond and choose the input.
"""

from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

RADIX = 10
ROUNDS = 10
BLOCK = 16
MIN_DIGITS = 6
MAX_DIGITS = 56
MAX_TWEAK = 2**16
KEY_SIZES = (16, 24, 32)

BlockCipher = Callable[[bytes], bytes]


class Permutation:
    """FF1 under one key, one tweak and one length: a permutation of ``0 .. 10**digits - 1``.

    A numeral is given as the integer it spells, leading zeros understood. Make one with
    :meth:`FF1.permutation`; keep it as long as the tweak is in use.
    """

    def __init__(self, aes: BlockCipher, tweak: bytes, digits: int) -> None:
        left = digits // 2
        right = digits - left
        self.digits = digits
        self.size: int = RADIX**digits
        self._left_size: int = RADIX**left
        self._right_size: int = RADIX**right
        half_bytes: int = ((self._right_size - 1).bit_length() + 7) // 8  # b of the standard
        self._taken: int = 4 * ((half_bytes + 3) // 4) + 4  # d: how much of a block is used

        header = (
            b"\x01\x02\x01"
            + RADIX.to_bytes(3)
            + bytes((ROUNDS, left % 256))
            + digits.to_bytes(4)
            + len(tweak).to_bytes(4)
        )
        padding = bytes(-(len(tweak) + half_bytes + 1) % BLOCK)
        message = header + tweak + padding + bytes(1 + half_bytes)  # round and numeral still zero
        state = 0
        for at in range(0, len(message) - BLOCK, BLOCK):
            state = int.from_bytes(aes((state ^ _block(message, at)).to_bytes(BLOCK)))
        self._aes = aes
        self._last_block = state ^ _block(message, len(message) - BLOCK)
        by_number = [self._last_block ^ number << 8 * half_bytes for number in range(ROUNDS)]
        self._rounds = tuple(zip(by_number[::2], by_number[1::2], strict=True))

    @property
    def last_block(self) -> int:
        """The 128-bit input of a round's one AES call before round number and half are mixed in."""
        return self._last_block

    def encrypt(self, numeral: int) -> int:
        """Encrypt one numeral.

        Raises ValueError (the numeral is not in ``0 .. size - 1``).
        """
        self._require_in_range(numeral)
        left, right = divmod(numeral, self._right_size)
        # Two rounds at a time, so that the halves need not change places.
        for even, odd in self._rounds:
            left = (left + self._mix(even ^ right)) % self._left_size
            right = (right + self._mix(odd ^ left)) % self._right_size
        return left * self._right_size + right

    def decrypt(self, numeral: int) -> int:
        """Decrypt one numeral: the inverse of :meth:`encrypt`.

        Raises ValueError (the numeral is not in ``0 .. size - 1``).
        """
        self._require_in_range(numeral)
        left, right = divmod(numeral, self._right_size)
        for even, odd in reversed(self._rounds):
            right = (right - self._mix(odd ^ left)) % self._right_size
            left = (left - self._mix(even ^ right)) % self._left_size
        return left * self._right_size + right

    def _mix(self, block: int) -> int:
        return int.from_bytes(self._aes(block.to_bytes(BLOCK))[: self._taken])

    def _require_in_range(self, numeral: int) -> None:
        if not 0 <= numeral < self.size:
            raise ValueError(f"a numeral of {self.digits} digits is wanted")


def _block(message: bytes, at: int) -> int:
    return int.from_bytes(message[at : at + BLOCK])


class FF1:
    """FF1 under one AES key.

    Args:
        key: 16, 24 or 32 bytes.

    Raises ValueError (the key has another length).

    Not for sharing between threads: the AES context underneath has state.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) not in KEY_SIZES:
            raise ValueError("an AES key of 16, 24 or 32 bytes is wanted")
        # ECB of single blocks is bare AES, which FF1 is built from; no text is encrypted with it.
        self._context = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305

    @property
    def aes(self) -> BlockCipher:
        """AES under the key: whole 16-byte blocks in, as many out, each on its own."""
        return self._context.update

    def permutation(self, tweak: bytes, digits: int) -> Permutation:
        """The permutation for one tweak and one length, ready to be used many times.

        Raises ValueError (``digits`` outside 6 .. 56, or a tweak above 65,536 bytes).
        """
        if not MIN_DIGITS <= digits <= MAX_DIGITS:
            raise ValueError(f"{MIN_DIGITS} to {MAX_DIGITS} digits are wanted")
        if len(tweak) > MAX_TWEAK:
            raise ValueError(f"a tweak of at most {MAX_TWEAK} bytes is wanted")
        return Permutation(self._context.update, tweak, digits)

    def encrypt(self, numeral: str, tweak: bytes = b"") -> str:
        """Encrypt a string of decimal digits to one of the same length.

        Raises ValueError (other characters than ``0-9``, or a length outside 6 .. 56).
        """
        permutation = self.permutation(tweak, len(numeral))
        return f"{permutation.encrypt(_number(numeral)):0{len(numeral)}d}"

    def decrypt(self, numeral: str, tweak: bytes = b"") -> str:
        """Decrypt a string of decimal digits: the inverse of :meth:`encrypt`.

        Raises ValueError (other characters than ``0-9``, or a length outside 6 .. 56).
        """
        permutation = self.permutation(tweak, len(numeral))
        return f"{permutation.decrypt(_number(numeral)):0{len(numeral)}d}"


def _number(numeral: str) -> int:
    # int() also takes spaces, signs, underscores and the digits of other scripts.
    if not (numeral.isascii() and numeral.isdigit()):
        raise ValueError("only the digits 0 to 9 are wanted")
    return int(numeral)
