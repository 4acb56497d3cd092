"""The same network in PyTorch, for the peers that are written in it."""

import torch
from torch import Tensor, nn


class TorchEncoder(nn.Module):
    """Images [B, 1, 28, 28] to mean and log variance, [B, 2] each."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(7 * 7 * 64, 16),
            nn.ReLU(),
        )
        self.mean, self.log_variance = nn.Linear(16, 2), nn.Linear(16, 2)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = self.features(images)
        return self.mean(features), self.log_variance(features)


class TorchDecoder(nn.Sequential):
    """Latents [B, 2] to images [B, 1, 28, 28] in [0, 1]."""

    def __init__(self) -> None:
        super().__init__(
            nn.Linear(2, 7 * 7 * 64),
            nn.ReLU(),
            nn.Unflatten(1, (64, 7, 7)),
            nn.ConvTranspose2d(64, 64, 3, stride=2, padding=1, output_padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(64, 32, 3, stride=2, padding=1, output_padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(32, 1, 3, padding=1),
            nn.Sigmoid(),
        )


def count(*modules: nn.Module) -> int:
    """Trainable parameters."""
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


def channels_first(pixels: object) -> Tensor:
    """Images [N, H, W, C] as PyTorch wants them, [N, C, H, W]."""
    return torch.as_tensor(pixels).permute(0, 3, 1, 2).contiguous()
