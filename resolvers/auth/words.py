"""The words of mails, by language; a developer's own come before them.

No logic. `{link}` stands alone between two empty lines: in HTML it is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Purpose(StrEnum):
    """What a mail is for."""

    VERIFY = "verify_email"
    RESET = "reset_password"
    SIGN_IN = "sign_in"
    CHANGE = "change_email"
    SIGN_UP = "sign_up"
    KNOWN = "known"
    INVITE = "invitation"


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a mail: `{link}`, `{code}`, `{email}`, `{minutes}` and `{days}` stand for what they say."""

    subject: str
    text: str


_ENGLISH = {
    Purpose.VERIFY: Words(
        "Confirm your e-mail address",
        "Confirm that {email} is your address:\n\n{link}\n\nIf you have no account here, do nothing.",
    ),
    Purpose.RESET: Words(
        "Set a new password",
        "Set a new password for {email}:\n\n{link}\n\nThis holds for {minutes} minutes. If you did not ask for it, do"
        " nothing: your password is as it was.",
    ),
    Purpose.SIGN_IN: Words(
        "{code} is your code",
        "Your code is {code}\n\nor follow\n\n{link}\n\nThis holds for {minutes} minutes. Tell nobody: we never ask.",
    ),
    Purpose.CHANGE: Words(
        "Confirm your new e-mail address",
        "Confirm that {email} is to be your address:\n\n{link}\n\nIf you did not ask for it, do nothing.",
    ),
    Purpose.SIGN_UP: Words(
        "Confirm your account",
        "Confirm that you want an account for {email}:\n\n{link}\n\nIf you did not sign up, do nothing: there is none.",
    ),
    Purpose.KNOWN: Words(
        "You have an account",
        "Somebody wanted a new account for {email}, where you have one already. If it was you, sign in to it; set a new"
        " password if you forgot it. If it was not, do nothing.",
    ),
    Purpose.INVITE: Words(
        "You are invited",
        "You are invited. Make your account for {email}:\n\n{link}\n\nThis holds for {days} days.",
    ),
}
_GERMAN = {
    Purpose.VERIFY: Words(
        "Bestätige deine E-Mail-Adresse",
        "Bestätige, dass {email} deine Adresse ist:\n\n{link}\n\nWenn du hier kein Konto hast, tu nichts.",
    ),
    Purpose.RESET: Words(
        "Setze ein neues Passwort",
        "Setze ein neues Passwort für {email}:\n\n{link}\n\nDer Link gilt {minutes} Minuten. Wenn du nicht darum"
        " gebeten hast, tu nichts: dein Passwort bleibt, wie es ist.",
    ),
    Purpose.SIGN_IN: Words(
        "{code} ist dein Code",
        "Dein Code ist {code}\n\noder folge\n\n{link}\n\nBeides gilt {minutes} Minuten. Sag ihn niemandem: wir fragen"
        " nie danach.",
    ),
    Purpose.CHANGE: Words(
        "Bestätige deine neue E-Mail-Adresse",
        "Bestätige, dass {email} deine Adresse werden soll:\n\n{link}\n\nWenn du nicht darum gebeten hast, tu nichts.",
    ),
    Purpose.SIGN_UP: Words(
        "Bestätige dein Konto",
        "Bestätige, dass du ein Konto für {email} möchtest:\n\n{link}\n\nWenn du dich nicht registriert hast, tu"
        " nichts: es gibt keines.",
    ),
    Purpose.KNOWN: Words(
        "Du hast schon ein Konto",
        "Jemand wollte ein neues Konto für {email}, aber du hast schon eines. Warst du es, melde dich damit an; hast du"
        " das Passwort vergessen, setze ein neues. Warst du es nicht, tu nichts.",
    ),
    Purpose.INVITE: Words(
        "Du bist eingeladen",
        "Du bist eingeladen. Lege dein Konto für {email} an:\n\n{link}\n\nDer Link gilt {days} Tage.",
    ),
}
_FRENCH = {
    Purpose.VERIFY: Words(
        "Confirmez votre adresse e-mail",
        "Confirmez que {email} est votre adresse :\n\n{link}\n\nSi vous n'avez pas de compte ici, ne faites rien.",
    ),
    Purpose.RESET: Words(
        "Choisissez un nouveau mot de passe",
        "Choisissez un nouveau mot de passe pour {email} :\n\n{link}\n\nCe lien est valable {minutes} minutes. Si vous"
        " n'avez rien demandé, ne faites rien : votre mot de passe reste le même.",
    ),
    Purpose.SIGN_IN: Words(
        "{code} est votre code",
        "Votre code est {code}\n\nou suivez\n\n{link}\n\nValable {minutes} minutes. Ne le donnez à personne : nous ne"
        " le demandons jamais.",
    ),
    Purpose.CHANGE: Words(
        "Confirmez votre nouvelle adresse e-mail",
        "Confirmez que {email} doit être votre adresse :\n\n{link}\n\nSi vous n'avez rien demandé, ne faites rien.",
    ),
    Purpose.SIGN_UP: Words(
        "Confirmez votre compte",
        "Confirmez que vous voulez un compte pour {email} :\n\n{link}\n\nSi vous ne vous êtes pas inscrit, ne faites"
        " rien : il n'y en a pas.",
    ),
    Purpose.KNOWN: Words(
        "Vous avez déjà un compte",
        "Quelqu'un a demandé un nouveau compte pour {email}, mais vous en avez déjà un. Si c'était vous,"
        " connectez-vous ; si vous avez oublié le mot de passe, choisissez-en un nouveau. Sinon, ne faites rien.",
    ),
    Purpose.INVITE: Words(
        "Vous êtes invité",
        "Vous êtes invité. Créez votre compte pour {email} :\n\n{link}\n\nCe lien est valable {days} jours.",
    ),
}
_SPANISH = {
    Purpose.VERIFY: Words(
        "Confirma tu correo electrónico",
        "Confirma que {email} es tu dirección:\n\n{link}\n\nSi no tienes una cuenta aquí, no hagas nada.",
    ),
    Purpose.RESET: Words(
        "Elige una contraseña nueva",
        "Elige una contraseña nueva para {email}:\n\n{link}\n\nEl enlace vale {minutes} minutos. Si no lo has pedido,"
        " no hagas nada: tu contraseña sigue igual.",
    ),
    Purpose.SIGN_IN: Words(
        "{code} es tu código",
        "Tu código es {code}\n\no sigue\n\n{link}\n\nVale {minutes} minutos. No se lo digas a nadie: nunca lo pedimos.",
    ),
    Purpose.CHANGE: Words(
        "Confirma tu nueva dirección de correo",
        "Confirma que {email} va a ser tu dirección:\n\n{link}\n\nSi no lo has pedido, no hagas nada.",
    ),
    Purpose.SIGN_UP: Words(
        "Confirma tu cuenta",
        "Confirma que quieres una cuenta para {email}:\n\n{link}\n\nSi no te has registrado, no hagas nada: no hay"
        " ninguna.",
    ),
    Purpose.KNOWN: Words(
        "Ya tienes una cuenta",
        "Alguien ha pedido una cuenta nueva para {email}, pero ya tienes una. Si has sido tú, entra con ella; si has"
        " olvidado la contraseña, elige una nueva. Si no, no hagas nada.",
    ),
    Purpose.INVITE: Words(
        "Tienes una invitación",
        "Tienes una invitación. Crea tu cuenta para {email}:\n\n{link}\n\nEl enlace vale {days} días.",
    ),
}
ENGLISH = "en"
LANGUAGES: Mapping[str, Mapping[Purpose, Words]] = {ENGLISH: _ENGLISH, "de": _GERMAN, "fr": _FRENCH, "es": _SPANISH}
"""By what a locale begins with: "de" serves "de-AT" too."""
