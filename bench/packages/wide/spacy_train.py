"""spacy: a text classifier and a tagger are trained, saved and loaded."""

import tempfile

import spacy
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example

spacy.util.fix_random_seed(0)
nlp = spacy.blank("en")
nlp.add_pipe("textcat").add_label("good")
nlp.get_pipe("textcat").add_label("bad")
nlp.add_pipe("tagger").add_label("N")
examples = [
    Example.from_dict(nlp.make_doc("fine day"), {"cats": {"good": 1.0, "bad": 0.0}, "tags": ["N", "N"]}),
    Example.from_dict(nlp.make_doc("poor day"), {"cats": {"good": 0.0, "bad": 1.0}, "tags": ["N", "N"]}),
]
optimizer = nlp.initialize(lambda: examples)
losses = {}
for _ in range(3):
    nlp.update(examples, sgd=optimizer, losses=losses)
print(sorted(losses), sorted(nlp("fine day").cats), nlp.pipe_names)
with tempfile.TemporaryDirectory() as folder:
    nlp.to_disk(folder)
    print(spacy.load(folder).pipe_names)
Span.set_extension("size", getter=len)
document = Doc(nlp.vocab, words=["a", "b"])
print(len(DocBin(docs=[document]).to_bytes()) > 10, document[0:2]._.size)
matcher = spacy.matcher.Matcher(nlp.vocab)
matcher.add("x", [[{"LOWER": "b"}]])
print(
    [m[1:] for m in matcher(document)],
    spacy.blank("de")("Das ist gut.")[0].is_stop,
    len(spacy.registry.architectures.get_all()) > 20,
)
