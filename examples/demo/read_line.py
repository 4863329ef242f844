"""PP-OCRv4 recogniser: what does this line of text say? The line is drawn here, so the answer is known."""
import numpy as np
from PIL import Image, ImageDraw, ImageFont

MODEL = "ocr_rec"
OUTPUTS = ["softmax_11.tmp_0"]
TEXT = "Aion answers 3 models at once"
HEIGHT = 48  # the model's fixed height; the width follows the text
BLANK = 0    # CTC: the class that separates letters
MARGIN = 6   # more white than this is read as a space


def draw(text):
    """A grey picture of one line of black text on white, HEIGHT high."""
    font = ImageFont.load_default(size=32)
    left, top, right, bottom = font.getbbox(text)
    picture = Image.new("L", (right - left + 2 * MARGIN, HEIGHT), 255)
    ImageDraw.Draw(picture).text((MARGIN - left, (HEIGHT - bottom - top) / 2), text, font=font, fill=0)
    return picture


def features(picture):
    """float32[1, 3, HEIGHT, width] from -1 (black) to 1 (white)."""
    grey = np.asarray(picture, np.float32) / 127.5 - 1
    return np.ascontiguousarray(np.broadcast_to(grey, (1, 3, *grey.shape)))


def decode(scores, labels):
    """Text of scores[time, class]: the best class of each step, without repeats and blanks."""
    best = scores.argmax(axis=1)
    changed = np.concatenate(([True], best[1:] != best[:-1]))
    return "".join(labels[index] for index in best[changed & (best != BLANK)])


class ReadLine:
    """One request that reads one drawn line."""

    model, outputs = MODEL, OUTPUTS

    def __init__(self, root, models):
        self.labels = (models / MODEL / "labels.txt").read_text(encoding="utf-8").split("\n")
        self.input = features(draw(TEXT))

    def probe(self):
        return {"x": self.input}

    def ask(self, infer):
        said = decode(infer(self.model, self.probe(), self.outputs)[OUTPUTS[0]][0], self.labels)
        width = self.input.shape[3]
        return f"a picture, {width} x {HEIGHT}: \"{TEXT}\"", f"\"{said}\"", said == TEXT
