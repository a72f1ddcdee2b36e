"""langchain-core: chains, tools, parsers, memory, callbacks, streams, documents, vector stores; langsmith beside it."""

import asyncio
from operator import itemgetter

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, messages_to_dict, trim_messages
from langchain_core.output_parsers import (
    CommaSeparatedListOutputParser,
    JsonOutputParser,
    PydanticOutputParser,
)
from langchain_core.prompts import (
    ChatPromptTemplate,
    FewShotPromptTemplate,
    MessagesPlaceholder,
    PromptTemplate,
)
from langchain_core.runnables import RunnableLambda, RunnableParallel, RunnablePassthrough
from langchain_core.tools import tool
from langchain_core.vectorstores import InMemoryVectorStore
from langsmith import traceable
from pydantic import BaseModel


class Answer(BaseModel):
    value: int


class Log(BaseCallbackHandler):
    seen: list

    def __init__(self):
        self.seen = []

    def on_chain_start(self, serialized, inputs, **more):
        self.seen.append(more.get("name"))

    def on_chat_model_start(self, serialized, messages, **more):
        self.seen.append("model")


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@traceable
def twice(x):
    return 2 * x


model = FakeListChatModel(responses=["a, b", '{"value": 3}'])
log = Log()
prompt = ChatPromptTemplate.from_messages(
    [("system", "be {how}"), MessagesPlaceholder("past"), ("human", "{ask}")]
)
said = {"how": "brief", "past": [AIMessage("x")], "ask": "list"}
print((prompt | model | CommaSeparatedListOutputParser()).invoke(said, config={"callbacks": [log]}), log.seen)
print((prompt | model | PydanticOutputParser(pydantic_object=Answer)).invoke(said))
print(RunnableParallel(a=itemgetter("x") | RunnableLambda(twice), b=RunnablePassthrough()).invoke({"x": 2}))
print(add.invoke({"a": 1, "b": 2}), add.args, JsonOutputParser().parse('```json\n{"a": 1}\n```'))
print(
    [
        each.content
        for each in trim_messages([SystemMessage("s"), HumanMessage("h")], max_tokens=1, token_counter=len)
    ]
)
few = FewShotPromptTemplate(
    examples=[{"q": "1", "a": "2"}],
    example_prompt=PromptTemplate.from_template("{q}:{a}"),
    suffix="{q}:",
    input_variables=["q"],
)
print(few.format(q="3"), messages_to_dict([HumanMessage("h")])[0]["type"])
store = InMemoryVectorStore(DeterministicFakeEmbedding(size=4))
store.add_documents([Document("one", metadata={"n": 1}), Document("two")], ids=["1", "2"])
print(sorted(each.page_content for each in store.similarity_search("one", k=2)), twice(4))


async def stream():
    return [part async for part in (RunnableLambda(lambda x: x + 1) | RunnableLambda(str)).astream(1)]


print(asyncio.run(stream()), prompt.input_variables, RunnableLambda(twice).with_retry().batch([1, 2]))
