/// The script of the protocol's page. The page's policy names its hash.
enum ProtocolScript {
  static let text: HTML = """
    \(ClipboardScript.text)
    const $=id=>document.getElementById(id),all=[...document.querySelectorAll("section")];
    const words=new Map(all.map(s=>[s,s.textContent.toLowerCase()]));
    const links=new Map([...document.querySelectorAll("nav a")].map(a=>[a.getAttribute("href").slice(1),a]));
    const search=()=>{
      const wanted=$("text").value.toLowerCase().split(/\\s+/).filter(Boolean);
      for(const s of all)s.hidden=links.get(s.id).hidden=!wanted.every(w=>words.get(s).includes(w));
      $("nothing").hidden=all.some(s=>!s.hidden);
    };
    $("text").oninput=search;
    addEventListener("keydown",e=>{
      if(e.key==="/"&&e.target!==$("text")&&!e.ctrlKey&&!e.metaKey){e.preventDefault();$("text").focus();$("text").select()}
      if(e.key==="Escape"&&e.target===$("text")){$("text").value="";search()}
    });
    // A link to what the search hides shows everything again.
    addEventListener("hashchange",()=>{
      const target=document.getElementById(decodeURIComponent(location.hash.slice(1)));
      if(target&&target.closest("section").hidden){$("text").value="";search();target.scrollIntoView()}
    });
    addEventListener("click",async e=>{
      if(e.target.tagName!=="BUTTON")return;
      const text=e.target.closest("figure").querySelector("pre").textContent;
      await copyText(text);
      e.target.textContent="Copied";
      setTimeout(()=>e.target.textContent="Copy",1500);
    });
    """
}
