// In: the JSON that server/graphiql.py puts in the page. Out: GraphiQL with each example as a tab.
// GraphiQL 4.1.2 keeps its state in several debounced keys, which disagree after a reload (a tab twice), and
// opens the first of its `defaultTabs` without its variables and headers. So the tabs are kept here, whole,
// per set of examples: `storage` answers GraphiQL's keys from them, and `defaultTabs` is not used.
// Refused: headers in localStorage. They may hold tokens, so whatever holds headers goes to sessionStorage.
"use strict";

(() => {
  const { endpoint, examples, key } = JSON.parse(document.getElementById("hedgerow-graphiql").textContent);
  const { protocol, host, pathname } = window.location;
  // With its own address: backends mounted side by side keep their tabs apart.
  const tabsKey = `hedgerow:tabs:${key}:${pathname}`;
  const idOf = (index) => `example-${index}`;
  const titles = new Map(examples.map(({ title }, index) => [idOf(index), title]));
  const exampleHeaders = new Map(examples.map(({ headers }, index) => [idOf(index), headers]));

  // A browser that forbids storage throws on access, one that is full on writing: GraphiQL then just forgets.
  const attempt = (action) => {
    try {
      return action();
    } catch {
      return null;
    }
  };
  const local = attempt(() => window.localStorage);
  const session = attempt(() => window.sessionStorage);
  const write = (store, name, value) => attempt(() => store.setItem(name, value));
  const read = (store, name) => attempt(() => store.getItem(name));

  const asTab = ({ id, title, query, variables, headers, operationName }) => ({
    id,
    title,
    query: query ?? "",
    variables: variables ?? "",
    headers: headers ?? "",
    operationName: operationName ?? null,
    response: null,
  });
  const fresh = () => ({
    activeTabIndex: 0,
    tabs: examples.map((example, index) => asTab({ ...example, id: idOf(index) })),
  });
  const textOf = ({ tabs }) => JSON.stringify(tabs.map(({ id, query, variables }) => [id, query, variables]));
  const parsed = (text) => {
    const state = attempt(() => JSON.parse(text));
    return Array.isArray(state?.tabs) && state.tabs[state.activeTabIndex] ? state : null;
  };
  const withHeaders = (state, headersOf) =>
    state && { ...state, tabs: state.tabs.map((tab) => ({ ...tab, headers: headersOf(tab) })) };

  let state =
    parsed(read(session, tabsKey)) ??
    withHeaders(parsed(read(local, tabsKey)), ({ id }) => exampleHeaders.get(id) ?? "") ??
    fresh();

  // Every caller sees a schema of its own, but GraphiQL asks for one only at its start: ask again, as its own button
  // does, when the tab that shows has other headers. GraphiQL fills the headers editor a moment after the switch.
  const headersOf = ({ activeTabIndex, tabs }) => tabs[activeTabIndex]?.headers ?? "";
  let askedWith = headersOf(state);
  let asking = null;
  const askAgain = () => {
    if (headersOf(state) === askedWith) return;
    askedWith = headersOf(state);
    document.querySelector('button[aria-label="Re-fetch GraphQL schema"]')?.click();
  };

  const keep = (next) => {
    // GraphiQL names a tab after its operation; the example's title says more. `next` is not yet rendered.
    for (const tab of next.tabs) tab.title = titles.get(tab.id) ?? tab.title;
    state = { activeTabIndex: next.activeTabIndex, tabs: next.tabs.map(asTab) };
    window.clearTimeout(asking);
    asking = window.setTimeout(askAgain, 500);
    write(session, tabsKey, JSON.stringify(state));
    // Only what somebody typed, or every edit of an app's examples would leave a copy behind.
    if (textOf(state) === textOf(fresh())) attempt(() => local.removeItem(tabsKey));
    else write(local, tabsKey, JSON.stringify(withHeaders(state, () => "")));
  };

  const fromTabs = new Map([
    ["graphiql:tabState", () => (state.tabs.length ? JSON.stringify(state) : null)],
    ["graphiql:query", () => state.tabs[state.activeTabIndex]?.query || null],
    ["graphiql:variables", () => state.tabs[state.activeTabIndex]?.variables || null],
    ["graphiql:headers", () => state.tabs[state.activeTabIndex]?.headers || null],
    ["graphiql:operationName", () => state.tabs[state.activeTabIndex]?.operationName ?? null],
    ["graphiql:shouldPersistHeaders", () => "true"],
  ]);
  const holdsHeaders = new Set(["graphiql:queries", "graphiql:favorites"]);
  const storeOf = (name) => (holdsHeaders.has(name) ? session : local);
  const ours = (store) => Object.keys(store ?? {}).filter((name) => /^(graphiql|hedgerow):/.test(name));
  const storage = {
    getItem: (name) => (fromTabs.has(name) ? fromTabs.get(name)() : read(storeOf(name), name)),
    // Throws when full: GraphiQL's history then drops its oldest entries.
    setItem: (name, value) => fromTabs.has(name) || storeOf(name)?.setItem(name, value),
    removeItem: (name) => fromTabs.has(name) || attempt(() => storeOf(name).removeItem(name)),
    clear: () => {
      for (const store of [local, session]) for (const name of ours(store)) store.removeItem(name);
    },
    get length() {
      return ours(local).length + ours(session).length;
    },
  };

  const url = new URL(endpoint, window.location.href);
  const fetcher = GraphiQL.createFetcher({
    url: url.pathname,
    subscriptionUrl: `${protocol === "https:" ? "wss" : "ws"}://${host}${url.pathname}`,
    headers: { accept: "application/graphql-response+json, application/json" },
  });

  // The first tab's variables when it has some, else the headers when they matter, else GraphiQL decides.
  const needHeaders = examples.some(({ headers }) => headers);
  const tools = examples[0]?.variables ? "variables" : needHeaders ? "headers" : undefined;
  const container = document.getElementById("graphiql");
  ReactDOM.createRoot(container).render(
    React.createElement(GraphiQL, {
      fetcher,
      storage,
      onTabChange: keep,
      isHeadersEditorEnabled: true,
      defaultEditorToolsVisibility: tools,
      // True, or GraphiQL compares a kept tab without its headers and opens it twice. What is kept is decided
      // above, so the setting is not offered.
      shouldPersistHeaders: true,
      showPersistHeadersSettings: false,
    }),
  );
})();
