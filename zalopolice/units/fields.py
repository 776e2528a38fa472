"""A text column that is ciphertext at rest (design D17)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.db import models

from zalopolice import crypto
from zalopolice.units import keyring

if TYPE_CHECKING:
    _TextField = models.Field[str, str]
else:
    _TextField = models.Field  # the class is generic for the type checker only


class EncryptedTextField(_TextField):
    """Reads and writes ``str``; stores an envelope bound to unit, table, column and row.

    ``owner`` names the attribute with the UUID whose key encrypts (a case, a citizen, ``unit_id``); ``ring`` is
    ``content`` or ``vault``. Decrypts on first access, so a list that does not show the text never opens it.
    Not searchable by design: filtering on it raises."""

    def __init__(self, *args: Any, owner: str = "unit_id", ring: str = "content", **kwargs: Any) -> None:
        self.owner, self.ring = owner, ring
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, kwargs | {"owner": self.owner, "ring": self.ring}

    def contribute_to_class(self, cls: Any, name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only)
        setattr(cls, name, _OpenOnAccess(self))

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name == "isnull":
            return super().get_lookup(lookup_name)
        raise TypeError(f"{self.name} is encrypted and cannot be searched")

    def get_internal_type(self) -> str:
        return "BinaryField"

    def get_default(self) -> str:
        return ""

    def pre_save(self, row: models.Model, add: bool) -> Any:
        value = row.__dict__.get(self.attname, "")
        if isinstance(value, bytes):
            return value  # never opened, hence never changed
        key = keyring.key_for(self.ring, row.unit_id, getattr(row, self.owner))  # type: ignore[attr-defined]
        return crypto.encrypt(key, value.encode(), self.aad(row))

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if isinstance(value, str):
            raise TypeError(f"{self.name} is encrypted: save the row instead of updating the column")
        value = super().get_db_prep_value(value, connection, prepared)
        return None if value is None else connection.Database.Binary(value)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> bytes | None:
        return None if value is None else bytes(value)

    def aad(self, row: models.Model) -> bytes:
        unit: uuid.UUID = row.unit_id  # type: ignore[attr-defined]  # every encrypted row is UnitOwned
        return crypto.field_aad(unit, row._meta.db_table, self.attname, row.pk)


class _OpenOnAccess:
    def __init__(self, field: EncryptedTextField) -> None:
        self.field = field

    def __get__(self, row: models.Model | None, owner: type[models.Model]) -> Any:
        if row is None:
            return self
        name = self.field.attname
        if name not in row.__dict__:
            row.refresh_from_db(fields=[name])
        value = row.__dict__[name]
        if isinstance(value, bytes):
            ring = self.field.ring
            plain = crypto.decrypt(lambda id: keyring.secret(ring, id), value, self.field.aad(row))
            value = row.__dict__[name] = plain.decode()
        return value

    def __set__(self, row: models.Model, value: str | bytes | None) -> None:
        row.__dict__[self.field.attname] = "" if value is None else value
