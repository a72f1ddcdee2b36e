"""beautifulsoup4: HTML through lxml."""

import lxml.etree
from bs4 import BeautifulSoup

soup = BeautifulSoup("<ul><li>a<li>b</ul>", "lxml")
print([item.text for item in soup.select("li")], lxml.etree.fromstring("<a><b/></a>").xpath("count(//b)"))
