// Keeps an open page true. The console says that something changed (server-sent events); the page asks for itself
// again, and the parts marked data-live become what they would be on a page loaded now. Nothing else is touched: not
// the focus, not what is typed, not where one reads. Rows of a part marked "held" come in when they are asked for.
"use strict";
(() => {
  const RETRY_MS = 5000, CROWDED_MS = 60000;
  const parts = () => document.querySelectorAll("[data-live]");
  const told = () => [...parts()].map((part) => part.dataset.told || "").join(" ").trim();
  const byId = (id) => document.getElementById(id);
  const state = byId("live-state"), news = byId("live-news"), newer = byId("newer");
  let source = null, retry = 0, asking = false, again = false, over = false;

  function tell(text) {
    if (state.textContent !== text) state.textContent = text;
  }

  function morph(old, now) {
    if (old.nodeName !== now.nodeName) return old.replaceWith(document.importNode(now, true));
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.nodeValue !== now.nodeValue) old.nodeValue = now.nodeValue;
      return;
    }
    for (const { name } of [...old.attributes]) if (!now.hasAttribute(name) && name !== "open") old.removeAttribute(name);
    for (const { name, value } of now.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    morphChildren(old, now);
  }

  function morphChildren(old, now) {
    const wanted = new Set([...now.children].map((each) => each.id).filter(Boolean));
    for (const each of [...old.children]) {
      if (each.id && !wanted.has(each.id) && !each.contains(document.activeElement)) each.remove();
    }
    let at = old.firstChild;
    for (const want of [...now.childNodes]) {
      const named = want.id ? [...old.children].find((each) => each.id === want.id) : null;
      const same = named || (!want.id && at && !at.id && at.nodeName === want.nodeName ? at : null);
      if (!same) {
        old.insertBefore(document.importNode(want, true), at);
        continue;
      }
      if (same !== at) old.insertBefore(same, at);
      at = same.nextSibling;
      morph(same, want);
    }
    while (at) {
      const next = at.nextSibling;
      if (!at.contains(document.activeElement)) at.remove();
      at = next;
    }
  }

  function hold(old, now) {
    const rows = [...now.querySelectorAll("tr[id]")], shown = new Set();
    for (const row of old.querySelectorAll("tr[id]")) {
      shown.add(row.id);
      const same = rows.find((each) => each.id === row.id);
      if (same) morph(row, same);
    }
    const count = rows.filter((row) => !shown.has(row.id)).length;
    if (!count) return;
    const text = `${count}${count === rows.length && shown.size ? " or more" : ""} newer: show ${count === 1 ? "it" : "them"}`;
    if (newer.textContent !== text) newer.textContent = text;
    newer.hidden = false;
    newer.onclick = () => {
      newer.hidden = true;
      morph(old, now);
      old.querySelector("a, [tabindex]")?.focus({ preventScroll: true });
    };
  }

  function become(page) {
    const before = told();
    for (const old of parts()) {
      const now = page.getElementById(old.id);
      if (now) (old.dataset.live === "held" ? hold : morph)(old, now);
    }
    if (told() !== before) news.textContent = told();
    if (!parts().length) finish("");
  }

  async function refresh() {
    if (asking) return void (again = true);
    asking = true;
    try {
      const answer = await fetch(location.href, { headers: { "x-refreshes": "yes" }, redirect: "manual" });
      if (answer.type === "opaqueredirect") finish("You are signed out: load the page to sign in again.");
      else if (!answer.ok) tell(`Not updated just now (${answer.status}); it is tried again.`);
      else {
        become(new DOMParser().parseFromString(await answer.text(), "text/html"));
        if (!over) tell("This page updates by itself.");
      }
    } catch {
      tell("The console cannot be reached; it is tried again.");
    }
    asking = false;
    if (again && !over) {
      again = false;
      refresh();
    }
  }

  function leave() {
    clearTimeout(retry);
    if (source) source.close();
    source = null;
  }

  function finish(text) {
    over = true;
    leave();
    tell(text);
  }

  function later(ms) {
    leave();
    retry = setTimeout(() => refresh().then(watch), ms);
  }

  function ended({ data }) {
    if (data === "signed-out") return finish("You are signed out: load the page to sign in again.");
    if (data === "elsewhere") {
      leave();
      return tell("Not updating: too many pages of yours are open. It goes on when you come back to it.");
    }
    if (data === "crowded") tell("Not updating: too many pages are open. It is tried again in a minute.");
    later(data === "crowded" ? CROWDED_MS : RETRY_MS);
  }

  function watch() {
    if (over || source || document.hidden) return;
    source = new EventSource(`/changes?page=${encodeURIComponent(location.pathname)}`);
    source.onopen = () => tell("This page updates by itself.");
    source.addEventListener("changed", refresh);
    source.addEventListener("ended", ended);
    source.onerror = () => source && source.readyState === EventSource.CLOSED && later(RETRY_MS);
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : watch()));
  addEventListener("pagehide", leave);
  addEventListener("pageshow", (event) => event.persisted && watch());
  watch();
})();
