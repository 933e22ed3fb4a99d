--- A Pandoc filter: a code block with the class `imagewire` becomes the image that its text describes.
--
--     ```{.imagewire file="fox.png" size="1536x1024" caption="A fox in snow."}
--     a red fox in snow
--     ```
--
-- All blocks of a document go to one `imagewire build -`, which makes what is missing and pays for nothing twice. What is an input
-- of the model and which files may be written is decided there.

local CLASS = "imagewire"

--- Stops the conversion with one line. An error would add lines about this file, which tell the writer of the document nothing.
local function fail(message)
  io.stderr:write("imagewire.lua: ", message, "\n")
  os.exit(1)
end

local function starts_with(text, start)
  return text:sub(1, #start) == start
end

--- The folder of the document, to which files are relative.
local function document_folder()
  -- Quarto passes a temporary file to Pandoc.
  local path = type(quarto) == "table" and quarto.doc and quarto.doc.input_file or PANDOC_STATE.input_files[1]
  if path == nil or path == "-" then
    return "."
  end
  local folder = pandoc.path.directory(path)
  return folder == "" and "." or folder
end

--- A block in the syntax that `imagewire build` reads.
local function fenced(block)
  local longest = 2
  for marks in block.text:gmatch("`+") do
    longest = math.max(longest, #marks)
  end
  local fence = ("`"):rep(longest + 1)
  local pairs_ = {}
  for name, value in pairs(block.attributes) do
    -- A line break would end the attributes.
    local quoted = value:gsub("%s", " "):gsub('[\\"]', "\\%0")
    pairs_[#pairs_ + 1] = (' %s="%s"'):format(name, quoted)
  end
  return ("%s{.%s%s}\n%s\n%s\n"):format(fence, CLASS, table.concat(pairs_), block.text, fence)
end

--- What the metadata `imagewire-NAME` says, as text; nil where it is not given.
local function setting(metadata, name)
  local value = metadata[CLASS .. "-" .. name]
  if value == nil then
    return nil
  end
  return pandoc.utils.stringify(value)
end

local function exists(path)
  local file = io.open(path, "rb")
  if file then
    file:close()
  end
  return file ~= nil
end

--- Makes the images of these blocks, and stops the conversion if one cannot be made.
local function build(blocks, folder, metadata)
  -- The program is named by the environment only: a document may come from anybody.
  local program = os.getenv("IMAGEWIRE") or "imagewire"
  local arguments = { "build", "-", "--quiet" }
  if folder ~= "." then
    arguments[#arguments + 1] = "--folder=" .. folder
  end
  for _, name in ipairs({ "provider", "max-cost" }) do
    local value = setting(metadata, name)
    if value then
      arguments[#arguments + 1] = ("--%s=%s"):format(name, value)
    end
  end
  local documents = {}
  for _, block in ipairs(blocks) do
    documents[#documents + 1] = fenced(block)
  end
  local is_done, output = pcall(pandoc.pipe, program, arguments, table.concat(documents, "\n"))
  if not is_done then
    if type(output) == "table" and output.error_code and output.error_code ~= 127 then
      io.stderr:write(output.output or "")
      fail(("imagewire could not make the images of this document (status %d)."):format(output.error_code))
    end
    fail(("The program %s could not be started; nothing was sent. Install imagewire, or name it in IMAGEWIRE."):format(program))
  end
  for _, block in ipairs(blocks) do
    if not exists(pandoc.path.join({ folder, block.attributes.file })) then
      fail(("imagewire made no image %s."):format(block.attributes.file))
    end
  end
  -- What was made may have cost something; what is unchanged is no news.
  for line in output:gmatch("[^\n]+") do
    if not starts_with(line, "unchanged ") then
      io.stderr:write(line, "\n")
    end
  end
end

--- The text of an attribute as inlines; it is Markdown.
local function inlines(text)
  return pandoc.utils.blocks_to_inlines(pandoc.read(text, "markdown").blocks)
end

--- The image that takes the place of a block.
local function image(block)
  local given = block.attributes
  local caption = given.caption or given["fig-cap"]
  -- The prompt describes the image to those who cannot see it.
  local alt = given.alt or given["fig-alt"] or block.text:gsub("%s+", " "):gsub("^ ", ""):gsub(" $", "")
  local kept = {}
  for name, value in pairs(given) do
    if name == "width" or name == "height" or starts_with(name, "fig-") or starts_with(name, "data-") then
      kept[name] = value
    end
  end
  kept["fig-cap"] = nil
  local classes = block.classes:filter(function(class)
    return class ~= CLASS
  end)
  if not caption then
    local attributes = pandoc.Attr(block.identifier, classes, kept)
    return pandoc.Para({ pandoc.Image({ pandoc.Str(alt) }, given.file, "", attributes) })
  end
  if pandoc.Figure then
    local picture = pandoc.Image({ pandoc.Str(alt) }, given.file, "", pandoc.Attr("", classes, kept))
    return pandoc.Figure({ pandoc.Plain({ picture }) }, { pandoc.Plain(inlines(caption)) }, pandoc.Attr(block.identifier))
  end
  -- Before Pandoc 3 a paragraph with this title is a figure, and its caption is the alternative text.
  local attributes = pandoc.Attr(block.identifier, classes, kept)
  return pandoc.Para({ pandoc.Image(inlines(caption), given.file, "fig:", attributes) })
end

local function is_image(block)
  return block.classes:includes(CLASS)
end

--- The block without the quotes that Pandoc leaves around values of Org.
local function unquoted(block)
  if (PANDOC_STATE.input_files[1] or ""):lower():match("%.org$") then
    for name, value in pairs(block.attributes) do
      block.attributes[name] = value:match('^"(.*)"$') or value
    end
  end
  return block
end

function Pandoc(document)
  local blocks = {}
  document:walk({
    CodeBlock = function(block)
      if is_image(block) then
        block = unquoted(block)
        if (block.attributes.file or "") == "" then
          fail(('A block names no file. Write ```{.imagewire file="fox.png"}. Its text: %s'):format(block.text:sub(1, 60)))
        end
        blocks[#blocks + 1] = block
      end
    end,
  })
  if #blocks == 0 then
    return nil
  end
  local folder = document_folder()
  local makes = setting(document.meta, "make") ~= "false"
  if makes then
    build(blocks, folder, document.meta)
  end
  return document:walk({
    CodeBlock = function(block)
      -- With `imagewire-make: false` a block without a file stays as it is.
      if is_image(block) and (makes or exists(pandoc.path.join({ folder, unquoted(block).attributes.file }))) then
        return image(unquoted(block))
      end
    end,
  })
end
