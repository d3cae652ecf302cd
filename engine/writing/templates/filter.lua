-- What pandoc alone does not carry from our LaTeX to Typst: numbered equations, references without a second word,
-- labelled tables, citations side by side, run-in paragraph headings, figures that never overflow.

local function quoted(text)
  return '"' .. text:gsub('\\', '\\\\'):gsub('"', '\\"') .. '"'
end

local function typst(text)
  return pandoc.RawInline('typst', text)
end

local function written(inlines)
  return (pandoc.write(pandoc.Pandoc({ pandoc.Plain(inlines) }), 'typst'):gsub('%s+$', ''))
end

local aliases = {} -- the second and later labels of one equation point to its first

function Math(math)
  if math.mathtype ~= 'DisplayMath' then
    return nil
  end
  local label = nil
  local text = math.text:gsub('\\label%s*{([^}]*)}', function(name)
    if label then
      aliases[name] = label
    else
      label = name
    end
    return ''
  end)
  local environment = text:match('^%s*\\begin{(%a+)}')
  local numbered = label or environment == 'equation' or environment == 'align' or environment == 'gather'
  if environment == 'equation' then
    text = text:gsub('^%s*\\begin{equation}', ''):gsub('\\end{equation}%s*$', '')
  end
  local body = written({ pandoc.Math('DisplayMath', text) })
  if not numbered then
    return typst(body)
  end
  local mark = label and (' #label(' .. quoted(label) .. ')') or ''
  return typst('#[#set math.equation(numbering: "(1)")\n' .. body .. mark .. ']')
end

local function Cite(cite)
  local told = {}
  for _, one in ipairs(cite.citations) do
    local form = one.mode == 'AuthorInText' and ', form: "prose"' or ''
    local note = #one.suffix > 0 and (', supplement: [' .. written(one.suffix) .. ']') or ''
    if #one.prefix > 0 then -- Typst has no place for it within the brackets
      told[#told + 1] = written(one.prefix) .. ' '
    end
    told[#told + 1] = '#cite(label(' .. quoted(one.id) .. ')' .. form .. note .. ')'
  end
  return typst(table.concat(told, ''))
end

local function Link(link)
  local name = link.attributes['reference']
  if not name then
    return nil
  end
  local number = '#ref(label(' .. quoted(aliases[name] or name) .. '), supplement: none)'
  return typst(link.attributes['reference-type'] == 'eqref' and '(' .. number .. ')' or number)
end

local function Image(image)
  if not image.attributes.width then
    image.attributes.width = '80%'
  end
  image.attributes.height = nil
  image.identifier = ''
  return image
end

-- A table's label stands on a block around it; it belongs on the figure that Typst numbers.
local function Div(div)
  local only = div.content[1]
  if div.identifier == '' or #div.content ~= 1 then
    return nil
  end
  if only.t == 'Table' or only.t == 'Figure' then
    only.attr.identifier = div.identifier
    return only
  end
end

-- What has a number keeps its label; the places where the label was written would be a second one.
local function Span(span)
  span.identifier = ''
  return span
end

local function Blocks(blocks)
  local told, nth = pandoc.Blocks({}), 1
  while nth <= #blocks do
    local block, after = blocks[nth], blocks[nth + 1]
    if block.t == 'Header' and block.level >= 4 then
      local head = pandoc.Inlines({ pandoc.Strong(block.content), typst('#h(0.6em)') })
      if after and (after.t == 'Para' or after.t == 'Plain') then
        head:extend(after.content)
        nth = nth + 1
      end
      told:insert(pandoc.Para(head))
    else
      told:insert(block)
    end
    nth = nth + 1
  end
  return told
end

return {
  { Math = Math },
  { Cite = Cite, Link = Link, Image = Image, Div = Div, Span = Span, Blocks = Blocks },
}
