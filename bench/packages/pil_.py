"""pillow: an image drawn, filtered, saved and read."""

import io

from PIL import Image, ImageDraw, ImageFilter

image = Image.new("RGB", (16, 16))
ImageDraw.Draw(image).ellipse((2, 2, 12, 12), fill="red")
buffer = io.BytesIO()
image.filter(ImageFilter.BLUR).resize((8, 8)).save(buffer, "PNG")
print(Image.open(buffer).getpixel((4, 4)))
