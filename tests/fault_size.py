"""How much a fault test does: `./run faults --long --seed N` sets both."""

import os

LONG = os.environ.get("ZALOPOLICE_FAULTS_LONG") == "1"
SEED = int(os.environ.get("ZALOPOLICE_FAULTS_SEED", "20261122"))
