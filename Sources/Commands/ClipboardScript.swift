/// The part of the pages' scripts that copies a text. A page that is opened from the disk may have no `navigator.clipboard`.
enum ClipboardScript {
  static let text: HTML = """
    const copyText=async text=>{
      try{await navigator.clipboard.writeText(text)}catch{
        const area=document.createElement("textarea");
        area.value=text;
        document.body.append(area);
        area.select();
        document.execCommand("copy");
        area.remove();
      }
    };
    """
}
