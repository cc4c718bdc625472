"""The certificate authority of one platform, known to nobody but the clients that it starts."""

from __future__ import annotations

import datetime
import os
import ssl
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pairloom.errors import PlatformError

# Whoever trusts the authority trusts it for these names alone.
DOMAINS: Final = ("amazonaws.com", "amazonaws.com.cn")
CERTIFICATE: Final = "ca.pem"
_KEY: Final = "ca.key"
_YEARS: Final = 10
_DAY: Final = datetime.timedelta(days=1)
_MOST_HOSTS: Final = 256


class CertificateAuthority:
    """Signs certificates for hosts of AWS.

    Parameters
    ----------
    certificate, key
        Of the authority itself.
    """

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self._certificate = certificate
        self._key = key
        self._host_key = ec.generate_private_key(ec.SECP256R1())
        self.context_for = lru_cache(maxsize=_MOST_HOSTS)(self._context_for)

    def _context_for(self, host: str) -> ssl.SSLContext:
        """Return what ends TLS in the name of a host."""
        chain = self._sign(host).public_bytes(serialization.Encoding.PEM)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        with tempfile.NamedTemporaryFile() as file:  # made for its owner alone
            file.write(chain + _private(self._host_key))
            file.flush()
            context.load_cert_chain(file.name)
        return context

    def _sign(self, host: str) -> x509.Certificate:
        issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        return (
            _builder(x509.Name([]), self._certificate.subject, self._host_key.public_key(), 397)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=True)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(usage, critical=False)
            .add_extension(issuer_key, critical=False)
            .sign(self._key, hashes.SHA256())
        )


def authority_of(folder: Path) -> CertificateAuthority:
    """Return the authority that a folder keeps, made when there is none yet.

    Raises
    ------
    PlatformError
        Its files are damaged.
    """
    if not (folder / _KEY).exists() or not (folder / CERTIFICATE).exists():
        _make(folder)
    try:
        key = serialization.load_pem_private_key((folder / _KEY).read_bytes(), password=None)
        certificate = x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes())
    except ValueError as error:
        raise PlatformError(
            f"{folder}: the certificate authority is damaged; remove the folder"
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise PlatformError(f"{folder / _KEY}: not a key of an elliptic curve; remove the folder")
    return CertificateAuthority(certificate, key)


def _make(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Pairloom, this platform alone")])
    permitted = [x509.DNSName(domain) for domain in DOMAINS]
    names = x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None)
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    certificate = (
        _builder(name, name, key.public_key(), 365 * _YEARS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(names, critical=True)
        .add_extension(issuer_key, critical=False)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / _KEY).unlink(missing_ok=True)
    descriptor = os.open(folder / _KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(_private(key))
    (folder / CERTIFICATE).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + days * _DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
