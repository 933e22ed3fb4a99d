// The gallery's page. It gets `images` and `works` as messages, and answers with the name of an action and an id. Texts of others are
// only ever texts of elements, never HTML.
(() => {
  const host = acquireVsCodeApi();
  const post = (name, id) => host.postMessage({ name, id });
  let images = [];
  let works = [];

  function element(name, properties = {}, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  const search = element("input", { type: "search", placeholder: texts.search, oninput: show });
  search.setAttribute("aria-label", texts.search);
  const refresh = element("button", { textContent: texts.refresh, onclick: () => post("refresh") });
  const list = element("main");
  document.body.append(element("header", {}, search, refresh), list);

  function card({ id, prompt, about, image, actions = [] }, className) {
    const parts = [element("p", { textContent: prompt, title: prompt }), element("small", { textContent: about })];
    // Only what was sent as an image in the message itself.
    if (typeof image === "string" && image.startsWith("data:image/")) parts.unshift(element("img", { src: image, alt: prompt }));
    if (actions.length > 0) {
      const buttons = actions.map((name) => element("button", { textContent: texts[name], onclick: () => post(name, id) }));
      parts.push(element("nav", {}, ...buttons));
    }
    return element("article", { className }, ...parts);
  }

  function show() {
    const wanted = search.value.toLowerCase();
    const found = images.filter(({ prompt }) => prompt.toLowerCase().includes(wanted));
    const running = new Set(works.map(({ id }) => id));
    list.replaceChildren(
      ...works.map((one) => card({ ...one, actions: ["cancel"] }, "work")),
      ...found.filter(({ id }) => !running.has(id)).map((one) => card(one, "image")),
    );
    if (list.childElementCount === 0) list.append(element("p", { textContent: texts.none }));
  }

  addEventListener("message", ({ data }) => {
    if (data?.name === "images") images = data.images;
    else if (data?.name === "works") works = data.works;
    else return;
    show();
  });
  post("ready");
})();
