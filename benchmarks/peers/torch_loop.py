"""A plain PyTorch training loop, as PyTorch's own VAE example teaches it: a loader, a loss, three lines of optimizer.

Default layout and precision, nothing compiled, and the running loss read after every step. A round is one pass.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.peers.torch_network import TorchDecoder, TorchEncoder, channels_first, count
from benchmarks.turns import Task, Turn


class TorchVAE(nn.Module):
    """Encoder, drawn latent, decoder."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = TorchEncoder(), TorchDecoder()

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mean, log_variance = self.encoder(images)
        latent = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        return self.decoder(latent), mean, log_variance


def run(task: Task, turn: Turn) -> None:
    """Train one pass a round."""
    torch.set_num_threads(task.threads)
    torch.manual_seed(0)
    vae = TorchVAE()
    optimizer = torch.optim.Adam(vae.parameters(), lr=1e-3)
    loader = DataLoader(TensorDataset(channels_first(task.pixels())), batch_size=task.batch_size, shuffle=True)
    turn.ready(parameters=count(vae))
    while True:
        turn.wait()
        one_pass(vae, optimizer, loader)
        turn.report()


def one_pass(vae: TorchVAE, optimizer: torch.optim.Optimizer, loader: DataLoader) -> float:
    """Every image once; the mean loss."""
    vae.train()
    total = 0.0
    for (images,) in loader:
        optimizer.zero_grad()
        loss = loss_of(images, *vae(images)) / len(images)
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(loader)


def loss_of(images: Tensor, reconstruction: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Cross-entropy and KL divergence, summed over the batch."""
    cross_entropy = functional.binary_cross_entropy(reconstruction, images, reduction="sum")
    kl = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
    return cross_entropy + kl
