"""As much of Redis as our counters and checks use, without one: other suites write into the real one."""

from __future__ import annotations


class Redis:
    def __init__(self) -> None:
        self.values: dict[str, object] = {}

    def get(self, key):
        return self.values.get(key)

    def set(self, key, value, *, nx=False, ex=None):
        if nx and key in self.values:
            return None
        self.values[key] = str(value)
        return True

    def hgetall(self, key):
        return dict(self.values.get(key, {}))

    def hset(self, key, mapping):
        self.values.setdefault(key, {}).update({name: str(value) for name, value in mapping.items()})

    def mget(self, keys):
        return [self.values.get(key) for key in keys]

    def hincrby(self, key, field, by):
        found = self.values.setdefault(key, {})
        found[field] = str(int(found.get(field, 0)) + by)

    def ping(self):
        return True

    def pipeline(self, transaction=True):
        return Pipe(self)


class Pipe:
    def __init__(self, client):
        self.client, self.calls = client, []

    def __getattr__(self, name):
        return lambda *args: self.calls.append((name, args))

    def execute(self):
        return [getattr(self.client, name)(*args) for name, args in self.calls]
