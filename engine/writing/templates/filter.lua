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

local function formula(text)
  local told = written({ pandoc.Math('DisplayMath', text) })
  return (told:gsub('delim: "||"', 'delim: "|"')) -- of a determinant; Typst takes one sign
end

-- The pieces of a formula between the marks that stand neither in braces nor in an environment of their own.
local function split(text, mark)
  local told, depth, from, at = {}, 0, 1, 1
  while at <= #text do
    local rest = text:sub(at)
    local word = rest:match('^\\\\') or rest:match('^\\%a+') or rest:match('^\\.') or rest:sub(1, 1)
    if word == '{' or word == '\\begin' then
      depth = depth + 1
    elseif word == '}' or word == '\\end' then
      depth = depth - 1
    elseif word == mark and depth == 0 then
      told[#told + 1] = text:sub(from, at - 1)
      from = at + #word
    end
    at = at + #word
  end
  told[#told + 1] = text:sub(from)
  return told
end

-- `align` and `gather` as TeX numbers them, a line each; which lines have no number their author says.
local function numbered_lines(text, aligned)
  local rows = {}
  for nth, row in ipairs(split(text, '\\\\')) do
    local label, silent = nil, false
    row = nth > 1 and row:gsub('^%*?%s*%[[^%]]*%]', ''):gsub('^%*', '') or row
    row = row:gsub('\\label%s*{([^}]*)}', function(name) label = name return '' end)
    row = row:gsub('\\nonumber%f[%A]', function() silent = true return '' end)
    row = row:gsub('\\notag%f[%A]', function() silent = true return '' end)
    local cells = split(row, '&')
    local left = aligned and cells[1]:match('^%s*(.-)%s*$') or ''
    local whole = table.concat(cells, ' ')
    if whole:match('%S') then
      local body = formula(whole):match('^%$%s*(.-)%s*%$$')
      rows[#rows + 1] = '(left: ' .. (left == '' and '[]' or formula(left)) .. ', all: (before, after) => $ #h(before)'
        .. (aligned and left == '' and '#box()' or ' ') .. body .. ' #h(after) $, number: ' .. tostring(not silent)
        .. ', label: ' .. (label and 'label(' .. quoted(label) .. ')' or 'none') .. ')'
    end
  end
  return '#equations(aligned: ' .. tostring(aligned) .. ', ' .. table.concat(rows, ', ') .. ')'
end

function Math(math)
  if math.mathtype ~= 'DisplayMath' then
    return nil
  end
  for _, name in ipairs({ 'align', 'gather' }) do
    local lines = math.text:match('^%s*\\begin{' .. name .. '}(.*)\\end{' .. name .. '}%s*$')
    if lines then
      return typst(numbered_lines(lines, name == 'align'))
    end
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
  local _, silent = text:gsub('\\no[nt][ua][mg]', '')
  text = text:gsub('\\nonumber%f[%A]', ''):gsub('\\notag%f[%A]', '')
  local environment = text:match('^%s*\\begin{(%a+)}')
  local numbered = label or (environment == 'equation' and silent == 0)
  if environment == 'equation' then
    text = text:gsub('^%s*\\begin{equation}', ''):gsub('\\end{equation}%s*$', '')
  end
  local body = formula(text)
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
