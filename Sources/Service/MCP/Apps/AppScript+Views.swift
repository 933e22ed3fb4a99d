extension AppScript {
  /// The view of an image: what is known of it, and the buttons.
  static let image = #"""
    // The images that were shown before this one.
    const trail=[];
    let isBusy=false,input={};
    const isUnfinished=details=>details.status==="created"||details.status==="processing";
    const words={created:"Waiting for its turn",processing:"Making the image",completed:"There is no file.",
      failed:"There is no image.",cancelled:"It was cancelled.",unknown:"It is not known whether there is an image."};
    const showFacts=()=>{
      const facts=[now.model,now.cost&&"cost "+now.cost,file?.width&&file.width+"×"+file.height,now.seconds&&now.seconds+" s"];
      $("facts").textContent=facts.filter(Boolean).join(" · ");
      $("facts").hidden=false;
    };
    let lost=null;
    const showActions=()=>{
      const focused=document.activeElement;
      if(focused?.closest("#actions,.panel"))lost=focused.closest("#actions")?focused:null;
      const calls=Boolean(able.serverTools&&now),isImage=calls&&file?.kind==="image"&&!isUnfinished(now);
      $("vary").hidden=!(calls&&now.vary);
      $("vary").textContent=now?.status==="completed"?"Vary":"Try again";
      $("edit").hidden=!isImage;
      $("upscale").hidden=!isImage||now.free;
      $("cancel").hidden=!(calls&&isUnfinished(now));
      const modes=context.availableDisplayModes||[],isWide=context.displayMode==="fullscreen";
      $("wide").hidden=!modes.includes(isWide?"inline":"fullscreen");
      $("wide").textContent=isWide?"Leave full screen":"Full screen";
      $("actions").hidden=[...$("actions").children].every(button=>button.hidden);
      $("way").hidden=!(trail.length||isGallery&&now);
      for(const button of document.querySelectorAll("#actions button,.send button"))button.setAttribute("aria-disabled",isBusy);
      if(!isImage)fold();
      // A button that is hidden for a while gets the focus back, unless something else has it.
      if(lost&&!lost.hidden&&[document.body,lost].includes(document.activeElement)){lost.focus();lost=null}
    };
    const showFiles=()=>{
      const pictures=now.files;
      $("files").hidden=pictures.length<2;
      $("files").replaceChildren(...(pictures.length<2?[]:pictures).map(one=>{
        const button=document.createElement("button");
        button.type="button";
        button.dataset.output=one.output;
        button.setAttribute("aria-label","File "+one.output);
        button.textContent=one.kind;
        button.onclick=()=>{fail();show(one)};
        if(one.kind==="image")thumbnail(now.id,one.output,128).then(url=>{
          const image=new Image();
          image.alt="";
          image.src=url;
          button.replaceChildren(image);
        }).catch(()=>{});
        return button;
      }));
    };
    const showPrompt=text=>{$("prompt").textContent=text||"";$("prompt").hidden=!text};
    const render=(details,wanted)=>{
      now=details;
      showPrompt(now.prompt);
      $("label").textContent=now.label||"";
      $("label").hidden=!now.label;
      say(now.note||"");
      showFiles();
      file=null;
      const chosen=now.files.find(one=>one.output===wanted)||now.files.find(one=>one.kind==="image")||now.files[0];
      $("place").hidden=true;
      showFacts();
      if(now.error)fail(new Error(now.error));
      if(chosen)show(chosen);
      else blank(words[now.status]||now.status,isUnfinished(now));
      showActions();
    };
    const open=async(id,wanted)=>{
      const mine=++turn;
      fail();
      fold();
      $("all").hidden=true;
      $("one").hidden=false;
      let wait=0;
      for(;;){
        let details;
        try{details=objectOf(await call("app_image",{id,wait_seconds:wait}))}catch(error){
          if(mine===turn){blank("The image cannot be shown.",false);fail(error);showActions()}
          return;
        }
        if(mine!==turn||isOver)return;
        render(details,wanted);
        if(!isUnfinished(details))return;
        wait=25;
      }
    };
    const reference=()=>now.id+"/"+file.output;
    const fold=()=>{
      for(const [form,button] of [["editor","edit"],["enlarger","upscale"]]){
        $(form).hidden=true;
        $(button).setAttribute("aria-expanded",false);
      }
    };
    const unfold=(form,button)=>{
      const isOpen=!$(form).hidden;
      fold();
      $(form).hidden=isOpen;
      $(button).setAttribute("aria-expanded",!isOpen);
      return !isOpen;
    };
    const busy=async(doing,body)=>{
      if(isBusy)return;
      isBusy=true;
      fail();
      say(doing);
      showActions();
      try{await body();}catch(error){say("");fail(error)}finally{isBusy=false;showActions()}
    };
    // Makes an image: at once with its id, for which the view then waits.
    const make=(doing,name,values)=>busy(doing,async()=>{
      const from={id:now.id,output:file?.output};
      const result=await call(name,{...values,wait_seconds:0}),id=idOf(result);
      if(!id)throw new Error("The answer names no image: "+textOf(result).slice(0,300));
      const isEarlier=textOf(result).includes("Not a new image");
      if(id!==from.id)trail.push(from);
      open(id).then(()=>{if(isEarlier&&now?.id===id)say("The same was asked for a moment ago: this is its image. Vary makes another.")});
      say("");
      // Later turns of the model know of it; a host may refuse.
      const made="With the buttons of this view the user made image "+id+" from "+from.id+". get_image takes its id.";
      ask("ui/update-model-context",{content:[{type:"text",text:made}]}).catch(()=>{});
    });
    $("vary").onclick=()=>make("Asking for a variation…",now.vary.name,now.vary.arguments);
    $("edit").onclick=async()=>{
      if(isBusy||!unfold("editor","edit"))return;
      $("words").focus();
      $("price").textContent=now.free?"":"It may cost money.";
      if(now.free)return;
      const of=reference();
      try{
        const price=objectOf(await call("estimate_cost",{prompt:"A change",images:[of]}));
        if(price.cost&&price.cost!=="unknown"&&file&&of===reference())$("price").textContent="Cost: "+price.cost+".";
      }catch{}
    };
    $("make-edit").onclick=()=>{
      const prompt=$("words").value.trim();
      if(!prompt)return $("words").focus();
      make("Asking for the edit…","edit_image",{prompt,images:[reference()]}).then(()=>{if($("error").hidden)$("words").value=""});
    };
    let enlargers=[];
    const showPurpose=()=>{
      const model=enlargers.find(one=>one.id===$("models").value);
      $("purpose").textContent=[model?.price?"Price: "+model.price+".":"It may cost money.",model?.purpose].filter(Boolean).join(" ");
    };
    $("models").onchange=showPurpose;
    $("upscale").onclick=()=>{
      if(!$("enlarger").hidden)return fold();
      busy("Looking for models…",async()=>{
        enlargers=objectOf(await call("list_models",{kind:"upscale"})).models||[];
        if(!enlargers.length)throw new Error("The provider lists no model that upscales.");
        $("models").replaceChildren(...enlargers.map(one=>new Option(one.id,one.id)));
        showPurpose();
        unfold("enlarger","upscale");
        $("models").focus();
        say("");
      });
    };
    $("make-larger").onclick=()=>{
      make("Asking for a larger image…","edit_image",{prompt:"Upscale this image.",images:[reference()],model:$("models").value});
    };
    $("cancel").onclick=()=>busy("Cancelling…",async()=>{
      // The view waits for the image, and so shows that it is cancelled.
      await call("cancel_image",{id:now.id});
      say("");
    });
    $("wide").onclick=async()=>{
      const mode=context.displayMode==="fullscreen"?"inline":"fullscreen";
      try{take({displayMode:(await ask("ui/request-display-mode",{mode})).mode})}catch(error){fail(error)}
    };
    $("copy").onclick=async()=>{
      const text=$("path").textContent;
      try{await navigator.clipboard.writeText(text)}catch{
        // Without the permission: as a selection.
        getSelection().selectAllChildren($("path"));
        if(!document.execCommand("copy"))return say("The path is selected: copy it with the keyboard.");
      }
      say("The path is copied.");
    };
    $("back").onclick=()=>{
      const last=trail.pop();
      if(last)return open(last.id,last.output);
      turn++;
      showAll();
    };
    addEventListener("keydown",event=>{
      if(event.key!=="Escape")return;
      if($("stage").classList.contains("zoom"))zoom(false);
      else if(!$("editor").hidden){fold();$("edit").focus()}
      else if(!$("enlarger").hidden){fold();$("upscale").focus()}
    });
    """#

  /// The view of all images, and the beginning of both.
  static let gallery = #"""
    // The cursors of the pages before this one.
    const before=[];
    let cursor,later,lastCard;
    const query=()=>Object.fromEntries(["query","status"].filter(name=>input[name]).map(name=>[name,input[name]]));
    const card=one=>{
      const item=document.createElement("li"),button=document.createElement("button");
      const part=(kind,text)=>{
        const element=document.createElement("span");
        element.className=kind;
        element.textContent=text;
        button.append(element);
        return element;
      };
      button.type="button";
      button.dataset.id=one.id;
      const thumb=part("thumb",one.output?one.kind==="image"?"":one.kind:one.status);
      part("caption",one.prompt||"(no prompt)").dir="auto";
      part("meta",[one.cost&&"cost "+one.cost,one.count>1&&one.count+" files"].filter(Boolean).join(" · "));
      const badge=()=>{
        if(!one.label)return;
        const element=document.createElement("span");
        element.className="badge";
        element.textContent=one.label.split(" (")[0];
        thumb.append(element);
      };
      badge();
      if(one.kind==="image")thumbnail(one.id,one.output,256).then(url=>{
        const image=new Image();
        image.alt="";
        image.src=url;
        thumb.replaceChildren(image);
        badge();
      }).catch(()=>{thumb.prepend("no thumbnail")});
      button.onclick=()=>{
        lastCard=one.id;
        trail.length=0;
        say("");
        blank("Loading the image",true);
        showPrompt(one.prompt);
        open(one.id,one.output);
        $("back").focus();
      };
      item.append(button);
      return item;
    };
    const list=async()=>{
      const mine=++turn;
      fail();
      try{
        const page=objectOf(await call("app_images",{...query(),limit:12,...(cursor?{cursor}:{})}));
        if(mine!==turn)return;
        later=page.next;
        $("cards").replaceChildren(...page.images.map(card));
        $("empty").hidden=page.images.length>0;
        $("newer").hidden=!before.length;
        $("older").hidden=!later;
        $("pages").hidden=!before.length&&!later;
      }catch(error){if(mine===turn)fail(error)}
    };
    const showAll=()=>{
      now=file=null;
      $("one").hidden=true;
      $("all").hidden=false;
      say("");
      showActions();
      list().then(()=>([...$("cards").querySelectorAll("button")].find(button=>button.dataset.id===lastCard)||$("title")).focus());
    };
    const turnPage=to=>{cursor=to;list().then(()=>{$("title").focus();scrollTo(0,0)})};
    $("older").onclick=()=>{before.push(cursor);turnPage(later)};
    $("newer").onclick=()=>turnPage(before.pop());

    onNotification["ui/notifications/host-context-changed"]=take;
    onNotification["ui/notifications/tool-input-partial"]=params=>{if(!isGallery&&!now)showPrompt(params.arguments?.prompt)};
    onNotification["ui/notifications/tool-input"]=params=>{
      input=params.arguments||{};
      if(!isGallery&&!now){showPrompt(input.prompt);blank(input.prompt?"Making the image":"Loading the image",true)}
    };
    onNotification["ui/notifications/tool-cancelled"]=params=>{
      blank("The call was cancelled.",false);
      if(params.reason)say(params.reason);
    };
    onNotification["ui/notifications/tool-result"]=result=>{
      if(isGallery&&!result.isError&&able.serverTools){cursor=input.cursor;return list()}
      const id=idOf(result)||(input.id||"").match(new RegExp("^"+uuid))?.[0];
      trail.length=0;
      if(id&&able.serverTools)return open(id,objectOf(result).files?.[0]?.output);
      // Without the tools there is what the answer itself holds.
      const picture=result.content?.find(block=>block.type==="image");
      if(picture)place("data:"+picture.mimeType+";base64,"+picture.data);
      else blank(result.isError?"There is no image.":"The host does not let this view load the image.",false);
      if(result.isError)fail(new Error(textOf(result)));
      else if(!picture)say(textOf(result));
      else{const path=objectOf(result).files?.[0]?.path;if(path){$("path").textContent=path;$("place").hidden=false}}
    };
    $("all").hidden=!isGallery;
    $("one").hidden=isGallery;
    begin().catch(fail);
    """#
}
