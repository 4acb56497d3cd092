"""What all figures are made with: canvas, style, fonts, legends, mosaics, limits."""
