"""The rooms of the code by storey, and which files know an outside world."""

# From the ground up; a module may import its own storey and those before it.
STOREYS = (
    ("secrets", "errors", "places", "text", "plotting", "metric_names"),
    ("address",),
    ("config",),
    ("runtime", "process"),
    ("data", "models"),
    ("latent",),
    ("figures",),
    ("training", "evaluation"),
    ("pictures",),
    ("tracking",),
    ("runs",),
    ("comparison", "generation", "reproduction", "verification"),
    ("sweep",),
    ("bundling",),
    ("train", "evaluate", "verify", "compare", "generate", "reproduce", "serve", "study", "sync", "bundle", "ui"),
)
COMMANDS = tuple(f"{name}.py" for name in STOREYS[-1])
FENCES = {
    "mlflow": ("tracking/", "ui.py"),
    "optuna": ("sweep/",),
    "hydra": (*COMMANDS, "config/", "process/command.py", "runs/from_run.py", "sweep/"),
    "omegaconf": (*COMMANDS, "config/", "process/command.py", "sweep/"),
    "submitit": ("sweep/slurm/",),
    "hydra_plugins": ("sweep/slurm/",),
    "ray": ("sweep/ray/",),
    "matplotlib": ("figures/", "plotting.py"),
    "plotly": ("figures/interactive/web_page.py",),
    "jinja2": ("figures/interactive/web_page.py",),
    "tensorflow": (
        "data/batches.py",
        "runtime.py",
        "process/circumstances.py",
        "models/objectives/doubly_reparameterised.py",
        "models/objectives/regularised.py",
        "evaluation/hamiltonian.py",
    ),
}
