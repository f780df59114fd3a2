"""A certificate authority for one cluster, with the keys that its programs are started with."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALIDITY: Final = timedelta(days=365)
"""Longer than anybody keeps a cluster that is thrown away."""

CLOCK_SKEW: Final = timedelta(hours=1)
"""How far before its making a certificate is valid: clocks in virtual machines jump."""

API_SERVER_NAMES: Final = (
    x509.DNSName("localhost"),
    x509.DNSName("kubernetes.default.svc"),
    x509.IPAddress(IPv4Address("127.0.0.1")),
    x509.IPAddress(IPv4Address("10.96.0.1")),
)
"""What clients may call the API server; the last is the service `kubernetes` of the cluster's range."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A private key with its certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def key_pem(self) -> bytes:
        """Return the key as kube-apiserver reads it."""
        return _key_pem(self.key)

    def certificate_pem(self) -> bytes:
        """Return the certificate alone, without its issuer."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Everything secret of one cluster."""

    authority: Pair
    api_server: Pair
    administrator: Pair
    service_accounts: ec.EllipticCurvePrivateKey

    @classmethod
    def create(cls) -> "Credentials":
        """Make new keys and certificates."""
        now = datetime.now(UTC)
        authority = _make_authority(now)
        return cls(
            authority=authority,
            api_server=_make_leaf(
                authority,
                _name("kube-apiserver"),
                now,
                ExtendedKeyUsageOID.SERVER_AUTH,
                x509.SubjectAlternativeName(API_SERVER_NAMES),
            ),
            # The group is what RBAC cannot take anything away from.
            administrator=_make_leaf(
                authority, _name("admin", group="system:masters"), now, ExtendedKeyUsageOID.CLIENT_AUTH, None
            ),
            service_accounts=ec.generate_private_key(ec.SECP256R1()),
        )

    def write(self, directory: Path) -> None:
        """Write what the programs read: `ca.crt`, `api.crt`, `api.key`, `service-accounts.key`."""
        directory.mkdir(mode=0o700)
        (directory / "ca.crt").write_bytes(self.authority.certificate_pem())
        (directory / "api.crt").write_bytes(self.api_server.certificate_pem())
        (directory / "api.key").write_bytes(self.api_server.key_pem())
        (directory / "service-accounts.key").write_bytes(_key_pem(self.service_accounts))


def _make_authority(now: datetime) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("anmc development cluster")
    certificate = (
        _begin(name, name, key, key, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Pair(key, certificate)


def _make_leaf(
    authority: Pair,
    name: x509.Name,
    now: datetime,
    purpose: x509.ObjectIdentifier,
    names: x509.SubjectAlternativeName | None,
) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        _begin(name, authority.certificate.subject, key, authority.key, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    )
    if names is not None:
        builder = builder.add_extension(names, critical=False)
    return Pair(key, builder.sign(authority.key, hashes.SHA256()))


def _begin(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    now: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + VALIDITY)
        # Python 3.13 checks strictly: without both identifiers it refuses the chain.
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str, *, group: str | None = None) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if group is not None:
        attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, group))
    return x509.Name(attributes)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        # kube-apiserver reads a service account key in this form alone when it is of an elliptic curve.
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
