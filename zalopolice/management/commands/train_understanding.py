"""Makes zalopolice/data/understanding.model from zalopolice/data/questions.tsv and the catalogue, in under a minute.

Needs scikit-learn (requirements-dev.txt) and no database. The same data give the same decisions."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from zalopolice import judging, learned, training


class Command(BaseCommand):
    help = __doc__ or ""
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        entries = judging.catalogue()
        examples = training.sentences(entries)
        try:
            model = training.train(examples, entries)
        except ImportError:
            raise CommandError("scikit-learn is missing; it is in requirements-dev.txt.") from None
        learned.save(model)
        size = learned.FILE.stat().st_size / 1e6
        self.stdout.write(f"{len(examples)} sentences, {len(model.labels)} labels, {size:.1f} MB: {learned.FILE.name}")
