"""The provider that the settings name."""

from infra.mail.file import FOLDER, FileMail
from infra.mail.provider import Provider
from infra.mail.smtp import Security, Server, SmtpMail
from infra.settings import BadSettings, Settings, is_loopback


def mail_provider(settings: Settings) -> Provider:
    """Raises `BadSettings` naming what is missing."""
    if settings.mail_provider == FileMail.name:
        return FileMail(settings.jobstream_home / FOLDER)
    return SmtpMail(_server(settings))


def _server(settings: Settings) -> Server:
    host, security = settings.smtp_host, Security(settings.smtp_security)
    if host is None:
        raise BadSettings("SMTP_HOST is not set; MAIL_PROVIDER=smtp needs it, e.g. SMTP_HOST=smtp.example.org")
    if "mail_from" not in settings.model_fields_set:
        raise BadSettings("MAIL_FROM is not set; MAIL_PROVIDER=smtp needs the address that letters come from")
    if (settings.smtp_username is None) != (settings.smtp_password is None):
        raise BadSettings("SMTP_USERNAME and SMTP_PASSWORD go together: set both, or neither")
    if security is Security.NONE and settings.smtp_password is not None and not is_loopback(host):
        raise BadSettings(f"SMTP_SECURITY=none would send SMTP_PASSWORD in clear to {host}; use starttls or tls")
    return Server(host, settings.smtp_port, security, settings.smtp_username, settings.smtp_password)
