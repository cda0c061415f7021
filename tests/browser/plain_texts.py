"""A page that shows hostile names in every kind of element; the browser tests compare them."""

from __future__ import annotations

import streamlit as st

from ui.text import plain

NAMES = (
    "![m](http://evil.example:8629/m.png)",
    r"\![m](http://evil.example:8629/n.png)",
    "![m][1] [1]: http://evil.example:8629/o.png",
    "**x** _y_ __z__ ~~s~~ `code` ``two`` a\\b",
    "$x^2$ $$y$$ H~2~O [^1] ==mark== {x}{{y}}",
    ":smile: :+1: :material/home: :red[red] :blue-background[x] :small[x] :streamlit:",
    "http://evil.example/a www.evil.example a@evil.example mailto:a@b.c ftp://x.y",
    "[x](javascript:alert(1)) <http://evil.example/> <a href='http://evil.example'>a</a>",
    "<img src=x onerror=alert(1)> <b>bold</b> &amp; &lt;",
    "1. one",
    "# head",
    "- item",
    "> said",
    "| a | b |",
    "a -> b <- c -- d >= e <= f ~= g",
    "own:large code:11_05~~matlab own_file_name_.png C:\\nets 100% (a)",
)

if __name__ == "__main__":
    for k, name in enumerate(NAMES):
        st.markdown(plain(name))
        st.caption(plain(name))
        st.error(plain(name))
        st.progress(0.5, plain(name))
        st.button(plain(name), key=f"button {k}", help=plain(name))
        st.radio("Radio", [plain(name)], key=f"radio {k}", label_visibility="collapsed")
        st.segmented_control(
            "Segments", [name], format_func=plain, key=f"segment {k}", label_visibility="collapsed"
        )
    st.text("done")
