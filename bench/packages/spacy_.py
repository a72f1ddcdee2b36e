"""spacy: a blank pipeline with sentences and rules."""

import spacy

nlp = spacy.blank("en")
nlp.add_pipe("sentencizer")
nlp.add_pipe("entity_ruler").add_patterns([{"label": "ORG", "pattern": "Acme"}])
document = nlp("Acme sells things. It does well.")
print([token.text for token in document], len(list(document.sents)), [e.label_ for e in document.ents])
