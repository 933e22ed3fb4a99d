/// The style of the protocol's page.
enum ProtocolStyle {
  static let text: HTML = """
    :root{--back:#f6f5f2;--card:#fff;--ink:#1d1c1a;--soft:#6b6862;--line:#dedbd4;--mark:#a8481a}
    @media(prefers-color-scheme:dark){:root{--back:#161514;--card:#211f1d;--ink:#ece9e4;--soft:#a39e95;--line:#37342f;--mark:#f0935a}}
    *{box-sizing:border-box}
    html{scroll-padding-top:72px}
    body{margin:0;background:var(--back);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
    header{position:sticky;top:0;z-index:1;display:flex;gap:16px;align-items:center;padding:10px 24px;background:var(--back);border-bottom:1px solid var(--line)}
    h1{font-size:18px;margin:0;white-space:nowrap}
    small{color:var(--soft);font-weight:400;font-size:13px}
    input,button{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:7px 10px}
    input{flex:1;max-width:520px;margin-left:auto}
    #columns{display:grid;grid-template-columns:220px minmax(0,1fr);max-width:1240px;margin:0 auto}
    nav{position:sticky;top:60px;align-self:start;max-height:calc(100vh - 60px);overflow-y:auto;padding:16px 8px 24px 24px}
    nav h2{font-size:12px;color:var(--soft);margin:14px 0 4px;font-weight:600}
    nav a{display:block;padding:2px 8px;border-radius:6px;color:inherit;text-decoration:none;font:13px/1.6 ui-monospace,monospace;overflow-wrap:anywhere}
    nav a:hover,nav a:focus-visible{background:var(--line)}
    main{padding:8px 24px 60px;min-width:0}
    section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:6px 20px 16px;margin:16px 0}
    section:target{border-color:var(--mark)}
    section>h2{font:600 19px/1.4 ui-monospace,monospace;margin:10px 0 0;overflow-wrap:anywhere}
    h3{font-size:14px;margin:16px 0 4px}
    p{margin:6px 0}
    .about,#nothing{color:var(--soft);max-width:75ch;padding-top:10px}
    a{color:var(--mark)}
    table{border-collapse:collapse;width:100%;font-size:14px}
    th{text-align:left;color:var(--soft);font-weight:500;font-size:12px}
    th,td{padding:5px 14px 5px 0;vertical-align:top;border-bottom:1px solid var(--line)}
    td:last-child,th:last-child{padding-right:0}
    tr:target td{background:var(--line)}
    .n{font:13px/1.6 ui-monospace,monospace;min-width:14em;overflow-wrap:anywhere}
    code{font:12.5px ui-monospace,monospace;background:var(--back);border-radius:5px;padding:1px 4px}
    figure{margin:14px 0 0;border:1px solid var(--line);border-radius:8px;overflow:hidden}
    figcaption{display:flex;justify-content:space-between;align-items:center;padding:4px 6px 4px 12px;font-size:12px;color:var(--soft);background:var(--back)}
    figcaption button{padding:1px 10px;font-size:12px;cursor:pointer}
    pre{margin:0;padding:10px 12px;overflow:auto;max-height:420px;font:12.5px/1.5 ui-monospace,monospace}
    [hidden]{display:none!important}
    @media(max-width:820px){
    html{scroll-padding-top:116px}
    header{flex-wrap:wrap;padding:10px 14px}
    input{flex:1 0 100%;max-width:none;font-size:16px}
    #columns{display:block}
    nav{position:static;max-height:none;padding:8px 14px 0}
    nav a{display:inline-block}
    main{padding:8px 14px 40px}
    section{padding:4px 12px 12px}
    thead{display:none}
    tr{display:block;padding:6px 0;border-bottom:1px solid var(--line)}
    td{display:inline;border:0;padding:0 8px 0 0}
    td:last-child{display:block}
    .d:not(:empty)::before{content:"default ";color:var(--soft);font-size:13px}
    }
    @media print{header input,nav,button{display:none}#columns{display:block}pre{max-height:none}}
    """
}
