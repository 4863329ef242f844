"""Silero VAD: does somebody speak? It hears 32 ms at a time and carries its state from answer to question."""
import numpy as np

MODEL = "silero_vad"
OUTPUTS = ["output", "stateN"]
RATE = 16000
FRAME = 512      # samples a question
CONTEXT = 64     # samples of the frame before, which the model wants to see again
SECONDS = 2.0
SYLLABLE_S = 0.22
HEARD = 0.5      # probability from which a frame counts as speech

# Formants of five vowels in Hz (Peterson & Barney 1952, men) and their bandwidths.
VOWELS = [(730, 1090, 2440), (270, 2290, 3010), (570, 840, 2410), (300, 870, 2240), (530, 1840, 2480)]
BANDWIDTHS = (80, 100, 120)


def resonate(signal, centre, width):
    """One formant: a two-pole resonator with gain 1 at 0 Hz."""
    radius = np.exp(-np.pi * width / RATE)
    first, second = 2 * radius * np.cos(2 * np.pi * centre / RATE), -radius * radius
    out, before, earlier = np.empty(len(signal)), 0.0, 0.0
    for at, value in enumerate(signal):
        out[at] = (1 - first - second) * value + first * before + second * earlier
        before, earlier = out[at], before
    return out


def voice(random):
    """Something like speech: pulses of a wandering pitch through the formants of one vowel a syllable."""
    time = np.arange(int(RATE * SECONDS)) / RATE
    pitch = 120 + 15 * np.sin(2 * np.pi * 0.7 * time) + 8 * np.sin(2 * np.pi * 2.1 * time)
    source = np.diff(np.floor(np.cumsum(pitch) / RATE), prepend=0) + 0.01 * random.standard_normal(len(time))
    size, syllables = int(SYLLABLE_S * RATE), []
    for number, at in enumerate(range(0, len(source), size)):
        sound = source[at:at + size]
        for centre, width in zip(VOWELS[number % len(VOWELS)], BANDWIDTHS):
            sound = resonate(sound, centre, width)
        syllables.append(sound * np.sqrt(np.hanning(len(sound))))
    sound = np.concatenate(syllables)
    return (0.3 * sound / np.abs(sound).max()).astype(np.float32)


def tone():
    return (0.3 * np.sin(2 * np.pi * 440 * np.arange(int(RATE * SECONDS)) / RATE)).astype(np.float32)


def noise(random):
    return (0.05 * random.standard_normal(int(RATE * SECONDS))).astype(np.float32)


class HearSpeech:
    """One request a frame; three sounds, each with a state of its own."""

    model, outputs = MODEL, OUTPUTS

    def __init__(self, root, models):
        random = np.random.default_rng(7)
        self.sounds = {"a voice": voice(random), "a tone": tone(), "noise": noise(random)}

    def question(self, frame, state):
        return {"input": frame[np.newaxis], "state": state, "sr": np.array(RATE, np.int64)}

    def probe(self):
        return self.question(self.sounds["a voice"][:CONTEXT + FRAME], np.zeros((2, 1, 128), np.float32))

    def listen(self, infer, sound):
        """The share of frames that the model takes for speech."""
        state = np.zeros((2, 1, 128), np.float32)
        padded = np.concatenate((np.zeros(CONTEXT, np.float32), sound))
        heard = []
        for at in range(0, len(sound) - FRAME + 1, FRAME):
            answer = infer(self.model, self.question(padded[at:at + CONTEXT + FRAME], state), self.outputs)
            state = answer["stateN"]
            heard.append(answer["output"].item() >= HEARD)
        return sum(heard) / len(heard)

    def ask(self, infer):
        shares = {name: self.listen(infer, sound) for name, sound in self.sounds.items()}
        asked = f"{SECONDS:g} s each of a made-up voice, a tone and noise"
        answer = "speech in " + ", ".join(f"{share:.0%} of {name}" for name, share in shares.items())
        return asked, answer, shares["a voice"] > 0.5 and max(shares["a tone"], shares["noise"]) < 0.1
