"""cryptography: a token made and opened."""

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes

token = Fernet(Fernet.generate_key())
digest = hashes.Hash(hashes.SHA256())
digest.update(b"x")
print(token.decrypt(token.encrypt(b"secret")), digest.finalize().hex()[:8])
