/// The script of the gallery's page. The page's policy names its hash.
enum GalleryScript {
  static let text: HTML = """
    \(ClipboardScript.text)
    const $=id=>document.getElementById(id),newest=[...document.querySelectorAll("article")];
    let all=[...newest],last,seen;
    const words=new Map(newest.map(a=>[a,[...a.querySelectorAll("h2,.m,b")].map(e=>e.textContent).join(" ").toLowerCase()]));
    const shown=()=>all.filter(a=>!a.hidden);
    const filter=()=>{
      const wanted=$("text").value.toLowerCase().split(/\\s+/).filter(Boolean),status=$("status").value;
      for(const a of all)a.hidden=!(wanted.every(w=>words.get(a).includes(w))&&(!status||a.dataset.status===status));
      const list=shown(),cost=list.reduce((sum,a)=>sum+Number(a.dataset.cost),0)/1e6;
      const noun=all.length===1?" prediction":" predictions";
      $("count").value=(list.length===all.length?list.length+noun:list.length+" of "+all.length)+(cost?", $"+cost.toFixed(2):"");
      $("nothing").hidden=list.length>0;
    };
    const sort=()=>{
      const by=$("sort").value;
      all=by==="oldest"?[...newest].reverse():by==="cost"?[...newest].sort((a,b)=>b.dataset.cost-a.dataset.cost):[...newest];
      $("entries").append(...all);
    };
    const pictures=()=>shown().flatMap(a=>[...a.querySelectorAll(".files img")]);
    const enlarge=image=>{
      if(!image)return;
      seen=image;
      const large=$("large"),picture=large.querySelector("img"),link=image.closest("a").href;
      // The file itself; where it is gone, the small image.
      picture.onerror=()=>{picture.onerror=null;picture.src=image.src};
      picture.src=link;
      picture.alt=image.alt;
      large.querySelector("p").textContent=image.closest("article").querySelector("h2").textContent;
      large.querySelector("a").href=link;
      if(!large.open)large.showModal();
    };
    const copy=async article=>{
      const text=article.querySelector("h2").textContent,button=article.querySelector("button");
      if(!button)return;
      await copyText(text);
      const icon=button.querySelector("use"),show=name=>icon.setAttribute("href","#icon-"+name);
      show("done");
      setTimeout(()=>show("copy"),1500);
    };
    $("text").oninput=$("status").onchange=filter;
    $("sort").onchange=sort;
    $("large").onclick=e=>{if(e.target.tagName!=="A")$("large").close()};
    $("entries").onclick=e=>{
      const article=e.target.closest("article");
      if(e.target.tagName==="IMG"&&!e.ctrlKey&&!e.metaKey&&!e.shiftKey){e.preventDefault();enlarge(e.target)}
      else if(e.target.tagName==="A"&&e.target.firstElementChild?.tagName==="IMG"){e.preventDefault();enlarge(e.target.firstElementChild)}
      else if(e.target.closest("button"))copy(article);
    };
    // A thumbnail that the page does not include may be gone; its file may not.
    addEventListener("error",e=>{
      const link=e.target.tagName==="IMG"&&e.target.closest(".files a");
      if(link&&e.target.src!==link.href)e.target.src=link.href;
    },true);
    addEventListener("keydown",e=>{
      const large=$("large");
      if(e.ctrlKey||e.metaKey||e.altKey||!large.open&&e.target.closest("a,button,video,audio"))return;
      const inField=e.target.closest("input,select"),list=shown();
      if(e.key==="/"&&!inField){e.preventDefault();large.close();$("text").focus();$("text").select();return}
      if(inField){if(e.key==="ArrowDown"&&e.target===$("text")&&list[0]){e.preventDefault();list[0].focus()}return}
      const columns=list.length>1?list.filter(a=>a.offsetTop===list[0].offsetTop).length:1;
      const step={ArrowRight:1,ArrowLeft:-1,ArrowDown:columns,ArrowUp:-columns}[e.key];
      if(large.open){
        if(step===undefined)return;
        e.preventDefault();
        const images=pictures(),place=images.indexOf(seen)+Math.sign(step);
        if(images[place]){enlarge(images[place]);last=images[place].closest("article")}
        return;
      }
      let at=list.indexOf(document.activeElement.closest("article")||last);
      if(step!==undefined&&list.length){
        e.preventDefault();
        at=at<0?0:Math.max(0,Math.min(list.length-1,at+step));
        last=list[at];
        last.focus();
      }else if(at>=0&&e.key==="Enter")enlarge((last=list[at]).querySelector(".files img"));
      else if(at>=0&&e.key==="c")copy(list[at]);
    });
    filter();
    """
}
