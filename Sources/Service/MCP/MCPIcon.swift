/// The icon that hosts show beside the tools: a hill and a sun, 48 by 48 pixels, as a `data:` URL that needs no network.
enum MCPIcon {
  private static let png = """
    iVBORw0KGgoAAAANSUhEUgAAADAAAAAwAgMAAAAqbBEUAAAADFBMVEUkUnr/0Wb///8AAAB0XM8CAAAABHRSTlP///8AQCqp9AAA\
    AJhJREFUeNqV0sENgzAMBVADt1x66g5VlmhH6AHvwyg5Rn8KRuoAldKAYmyj5sC/PUXfWMJUvtTyLFRWwVToeKhP9FHcPFbF5HEt\
    w2xw55eC+f0fA/N8Ff1p5qPBrhMXs1hMBjAYkRUBcNAJEbX0kP4GKPIIGVYTWi1gT7LIMkyBlqO/ZTkjCJL2YVff0/+n/Ttw5+IO\
    yZ7YDwo2Xp2MO7ZVAAAAAElFTkSuQmCC
    """

  /// The value of `icons`.
  static let json = Array(
    #"[{"src":"data:image/png;base64,\#(png)","mimeType":"image/png","sizes":["48x48"]}]"#.utf8)
}
