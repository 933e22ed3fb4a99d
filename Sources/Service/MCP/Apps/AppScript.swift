/// The script of the pages of MCP Apps, in four parts that share one scope. Words of others (prompts, models, errors) become
/// text of elements and never HTML.
enum AppScript {
  /// The host: JSON-RPC over `postMessage`, its colours, the size of the page, and the tools of this server.
  static let host = #"""
    const $=id=>document.getElementById(id),root=document.documentElement,isGallery=root.dataset.view==="gallery";
    let lastId=0,context={},able={},isReady=false,isOver=false;
    const waiting=new Map();
    const post=message=>parent.postMessage({jsonrpc:"2.0",...message},"*");
    const tell=(method,params)=>post({method,params});
    const ask=(method,params)=>new Promise((done,failed)=>{
      const id=++lastId;
      waiting.set(id,{done,failed});
      post({id,method,params});
    });
    const onNotification={},onRequest={
      "ping":()=>({}),
      "ui/resource-teardown":()=>{isOver=true;return {}},
    };
    addEventListener("message",event=>{
      const message=event.data;
      if(event.source!==parent||message?.jsonrpc!=="2.0")return;
      if(message.method===undefined){
        const it=waiting.get(message.id);
        waiting.delete(message.id);
        if(message.error)it?.failed(new Error(message.error.message||"The host refused it."));
        else it?.done(message.result||{});
      }else if(message.id===undefined){
        if(!isOver)onNotification[message.method]?.(message.params||{});
      }else{
        const answer=onRequest[message.method];
        post(answer?{id:message.id,result:answer(message.params||{})}
          :{id:message.id,error:{code:-32601,message:"Method not found"}});
      }
    });

    const textOf=result=>(result.content||[]).filter(block=>block.type==="text").map(block=>block.text).join("\n");
    // The object of an answer is one line, after lines of words.
    const objectOf=result=>{
      if(result.structuredContent)return result.structuredContent;
      try{return JSON.parse(textOf(result).split("\n").find(line=>line.startsWith("{")))}catch{return {}}
    };
    const uuid="[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}";
    // The image of an answer: in its object, as the id of its task, or at the end of the reason that there is none.
    const idOf=result=>{
      const named=objectOf(result).id||result.taskId||result.task?.taskId;
      if(named)return named;
      return [...textOf(result).matchAll(new RegExp("\\(prediction ("+uuid+"), billing","g"))].pop()?.[1];
    };
    const call=async(name,values)=>{
      const result=await ask("tools/call",{name,arguments:values});
      if(result.isError)throw new Error(textOf(result)||"The call failed.");
      return result;
    };

    const take=changed=>{
      context={...context,...changed};
      const dark=matchMedia("(prefers-color-scheme:dark)").matches?"dark":"light";
      root.dataset.theme=context.theme||dark;
      root.dataset.mode=context.displayMode||"inline";
      const room=context.containerDimensions||{};
      root.dataset.height=room.height||room.maxHeight||root.dataset.mode==="fullscreen"?"bounded":"free";
      for(const [name,value] of Object.entries(changed.styles?.variables||{}))
        if(name.startsWith("--")&&typeof value==="string")root.style.setProperty(name,value);
      if(context.locale)try{root.dataset.locale=Intl.getCanonicalLocales(context.locale)[0]}catch{}
      showActions();
      measure();
    };
    let size="";
    const measure=()=>{
      const limits=context.containerDimensions||{};
      const width=limits.width||(limits.maxWidth?Math.min(limits.maxWidth,760):innerWidth);
      const height=Math.ceil($("page").getBoundingClientRect().height);
      if(size===width+"x"+height||isOver||!isReady)return;
      size=width+"x"+height;
      tell("ui/notifications/size-changed",{width,height});
    };
    const begin=async()=>{
      take({});
      const {hostCapabilities,hostContext}=await ask("ui/initialize",{
        appInfo:{name:"imagewire",version:"1"},protocolVersion:"2026-01-26",
        appCapabilities:{availableDisplayModes:["inline","fullscreen"]},
      });
      able=hostCapabilities||{};
      take(hostContext||{});
      tell("ui/notifications/initialized",{});
      isReady=true;
      new ResizeObserver(measure).observe($("page"));
    };

    const say=words=>$("note").textContent=words;
    const fail=error=>{$("error").textContent=error?.message||"";$("error").hidden=!error};
    """#

  /// One image: its thumbnail, then the file itself where the person asks for it.
  static let picture = #"""
    // At most so many thumbnails at once, and a few kept.
    const kept=new Map(),queue=[];
    let running=0;
    const next=()=>{
      while(running<3&&queue.length){
        running++;
        queue.shift()().finally(()=>{running--;next()});
      }
    };
    const thumbnail=(id,output,size)=>new Promise((done,failed)=>{
      const key=[id,output,size].join();
      if(kept.has(key))return done(kept.get(key));
      queue.push(async()=>{
        try{
          const result=await call("app_thumbnail",{id,output,size});
          const block=result.content.find(block=>block.type==="image");
          const url="data:"+block.mimeType+";base64,"+block.data;
          if(kept.size>80)kept.delete(kept.keys().next().value);
          kept.set(key,url);
          done(url);
        }catch(error){failed(error)}
      });
      next();
    });
    const whole=async(id,file,step)=>{
      const parts=[];
      let offset=0;
      do{
        const piece=objectOf(await call("app_piece",{id,output:file.output,offset}));
        if(isOver)throw new Error("The view was closed.");
        parts.push(piece.base64);
        offset=piece.next;
        step(offset?offset/piece.total:1);
      }while(offset);
      return "data:"+file.type+";base64,"+parts.join("");
    };
    const decoded=url=>new Promise((done,failed)=>{
      const image=new Image();
      image.onload=()=>done(url);
      image.onerror=()=>failed(new Error("The image cannot be shown here. Open the file."));
      image.src=url;
    });

    let now=null,file=null,shown="",isWhole=false,turn=0;
    const zoom=isOn=>{
      $("stage").classList.toggle("zoom",isOn);
      $("picture").setAttribute("aria-pressed",isOn);
      $("picture").setAttribute("aria-label",(isOn?"Fit the image to the view: ":"Show the image at full size: ")+(now?.prompt||"").slice(0,200));
    };
    const blank=(words,isBusy)=>{
      shown="";
      $("picture").hidden=true;
      $("blank").hidden=false;
      $("blank").querySelector(".spin").hidden=!isBusy;
      $("doing").textContent=words;
    };
    const place=url=>{
      const image=$("large");
      image.src=url;
      image.alt="Image "+(file?file.output:"");
      $("picture").hidden=false;
      $("blank").hidden=true;
      $("stage").classList.toggle("small-image",(file?.width||999)<400);
    };
    const show=async chosen=>{
      file=chosen;
      const key=now.id+"/"+file.output,mine=turn;
      $("path").textContent=file.path;
      $("place").hidden=false;
      for(const button of $("files").children)button.setAttribute("aria-pressed",button.dataset.output==file.output);
      showFacts();
      if(shown===key)return;
      isWhole=false;
      zoom(false);
      if(file.kind!=="image"&&file.kind!=="vector")return blank("This is a file of the kind "+file.kind+". Open it to see it.",false);
      if(!able.serverTools)return;
      blank("Loading the image",true);
      const isMine=()=>mine===turn&&file===chosen;
      try{
        let url;
        try{url=await decoded(await thumbnail(now.id,file.output,1024))}
        catch{url=await decoded(await whole(now.id,chosen,()=>{}));if(isMine())isWhole=true}
        if(!isMine())return;
        place(url);
        shown=key;
      }catch(error){
        if(isMine()){blank("There is no picture of it here.",false);fail(error)}
      }
    };
    $("picture").onclick=async()=>{
      const chosen=file,mine=turn;
      if($("stage").classList.contains("zoom"))return zoom(false);
      if(!isWhole&&able.serverTools&&chosen){
        if($("stage").getAttribute("aria-busy")==="true")return;
        $("stage").setAttribute("aria-busy",true);
        try{
          const url=await decoded(await whole(now.id,chosen,share=>say("Loading the file: "+Math.round(share*100)+"%")));
          if(mine===turn&&file===chosen){$("large").src=url;isWhole=true}
          say("");
        }catch(error){say("");fail(error)}finally{$("stage").removeAttribute("aria-busy")}
      }
      if(mine===turn&&file===chosen)zoom(true);
    };
    """#
}
