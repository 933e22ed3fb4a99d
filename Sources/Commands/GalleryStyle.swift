/// The style of the gallery's page.
enum GalleryStyle {
  static let text: HTML = """
    :root{--back:#f6f5f2;--card:#fff;--ink:#1d1c1a;--soft:#6b6862;--line:#dedbd4;--mark:#b4541a}
    @media(prefers-color-scheme:dark){:root{--back:#161514;--card:#211f1d;--ink:#ece9e4;--soft:#9d988f;--line:#37342f;--mark:#f0935a}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--back);color:var(--ink);font:15px/1.45 system-ui,sans-serif}
    header{position:sticky;top:0;z-index:1;display:flex;gap:12px;align-items:center;padding:12px 20px;background:var(--back);border-bottom:1px solid var(--line)}
    h1{font-size:17px;margin:0 4px 0 0}
    input,select,button{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:7px 10px}
    input{flex:1;min-width:120px;max-width:520px;margin-left:auto}
    output{color:var(--soft);white-space:nowrap}
    main{display:grid;grid-template-columns:repeat(auto-fill,minmax(240px,1fr));gap:18px;padding:20px}
    article{background:var(--card);border:1px solid var(--line);border-radius:12px;overflow:hidden;outline-offset:2px;content-visibility:auto;contain-intrinsic-size:auto 480px}
    article:focus-visible{outline:2px solid var(--mark)}
    .files{display:grid;gap:2px;background:var(--line)}
    .two,.three,.four{align-content:start;max-height:420px;overflow-y:auto}
    .two{grid-template-columns:1fr 1fr}
    .three{grid-template-columns:repeat(3,1fr)}
    .four{grid-template-columns:repeat(4,1fr)}
    .files a{display:block;min-width:0}
    .files img{width:100%;height:auto;aspect-ratio:1;object-fit:cover;display:block;cursor:zoom-in;background:var(--line)}
    video,audio,.files .file{grid-column:1/-1;width:100%}
    video{display:block;aspect-ratio:16/9;background:#000}
    audio{display:block;height:54px;background:var(--back)}
    .files .file{display:grid;grid-template-columns:auto 1fr;column-gap:12px;align-items:center;padding:12px 14px;color:inherit;background:var(--back);text-decoration:none;overflow-wrap:anywhere}
    pre{grid-column:1/-1;margin:0;padding:10px 14px;max-height:170px;overflow-y:auto;font:13px/1.4 system-ui,sans-serif;white-space:pre-wrap;overflow-wrap:anywhere;background:var(--card);border-bottom:1px solid var(--line)}
    .file:hover span{text-decoration:underline}
    article svg{fill:none;stroke:var(--mark);stroke-width:1.4;stroke-linejoin:round;stroke-linecap:round}
    .file svg{grid-row:span 2;width:34px;height:34px}
    .file small{color:var(--soft)}
    .none{height:120px;display:grid;place-items:center;color:var(--soft);background:var(--back);font-size:20px}
    .top{display:grid;grid-template-columns:1fr auto;gap:8px;align-items:start;margin:12px 14px 4px}
    h2{font-size:15px;font-weight:600;margin:0;overflow-wrap:anywhere;display:-webkit-box;-webkit-line-clamp:4;-webkit-box-orient:vertical;overflow:hidden}
    article button{padding:3px;border-color:transparent;background:none;cursor:pointer;line-height:0}
    article button:hover,article button:focus-visible{border-color:var(--line)}
    article button svg{width:17px;height:17px;stroke:var(--soft)}
    .error{margin:0 14px;color:var(--mark);font-size:13px;overflow-wrap:anywhere}
    dl{margin:6px 14px 14px;display:grid;grid-template-columns:auto 1fr;gap:1px 10px;font-size:13px}
    dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
    code{font:11px ui-monospace,monospace}
    dd b{font-weight:500;background:var(--back);border:1px solid var(--line);border-radius:6px;padding:0 5px}
    footer,#nothing{color:var(--soft);text-align:center;padding:10px 20px 24px}
    [hidden]{display:none!important}
    dialog{border:0;padding:0;background:transparent;color:#fff;max-width:96vw;max-height:96vh;text-align:center}
    dialog::backdrop{background:#000d}
    dialog img{max-width:96vw;max-height:84vh;display:block;margin:auto;cursor:zoom-out}
    dialog p{margin:8px auto 0;max-width:80ch;max-height:7em;overflow-y:auto}
    dialog a{color:#fff}
    @media(max-width:760px){
    header{flex-wrap:wrap;gap:8px;padding:10px 12px}
    h1{flex:1}
    input{flex:1 0 100%;max-width:none;margin:0}
    select{flex:1}
    input,select{font-size:16px}
    main{grid-template-columns:repeat(auto-fill,minmax(155px,1fr));gap:10px;padding:12px}
    .top{margin:10px 10px 4px;gap:4px}
    dl{margin:6px 10px 10px;font-size:12px;gap:1px 8px}
    .error{margin:0 10px}
    .none{height:80px}
    .files .file{padding:10px}
    footer{display:none}
    }
    """
}
