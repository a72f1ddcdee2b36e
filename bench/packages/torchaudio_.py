"""torchaudio: a resampling and a spectrogram."""

import torch
import torchaudio

wave = torch.sin(torch.arange(800) / 5.0)[None]
print(
    torchaudio.functional.resample(wave, 16000, 8000).shape,
    torchaudio.transforms.Spectrogram(128)(wave).shape,
)
