"""langchain-core: a prompt through a chain."""

from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda

chain = (
    ChatPromptTemplate.from_template("say {x}") | RunnableLambda(lambda p: p.to_string()) | StrOutputParser()
)
print(chain.invoke({"x": "hello"}))
