"""Makes the training unit of a unit (zone owner), and tells the simulator's config file of it. Run again, it adds
officers who are new. Then: start the simulator with that file, set ZALO_TRAINING_URL, connect the account as chief."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from zalopolice.gateway import training
from zalopolice.gateway.management.commands.seed_demo import write_private
from zalopolice.units.models import Unit

EMPTY: dict[str, Any] = {"apps": [], "oas": [], "citizens": []}


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--parent", required=True, help="code of the unit whose officers train")
        parser.add_argument("--code", default=training.CODE)
        parser.add_argument("--sim-config", type=Path, required=True, help="the simulator's config; made if absent")

    def handle(self, *args: Any, **options: Any) -> None:
        of = Unit.objects.filter(code=options["parent"], is_training=False).first()
        if of is None:
            raise CommandError(f"--parent: không có đơn vị {options['parent']}")
        if Unit.objects.filter(code=options["code"], is_training=False).exists():
            raise CommandError(f"--code: {options['code']} là một đơn vị thật")
        path: Path = options["sim_config"]
        config = json.loads(path.read_text()) if path.exists() else {key: [*value] for key, value in EMPTY.items()}
        with transaction.atomic():
            unit = training.make(of, config, code=options["code"])
        write_private(path, config)
        self.stdout.write(f"{unit.name} ({unit.code}): OA {config['oas'][-1]['oa_id']}")
