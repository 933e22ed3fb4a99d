;;; imagewire-escapes.el --- How links to images are escaped  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The imagewire authors

;; Author: The imagewire authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; How the path and the description of a link are written, by format, so that neither ends the link or runs: by :link for
;; a file of a kind in :shown, otherwise by :file, whose members replace those of the format.  These are the rules of
;; Tests/Fixtures/link-escapes.json in imagewire's repository, which explains them and has examples.
;; Captions are not among them.

;;; Code:

(require 'cl-lib)
(require 'subr-x)

(defconst imagewire--space '((#x9 . #xd) (#x20 . #x20) (#x85 . #x85) (#x2028 . #x2029))
  "Characters that become a space in a description, as ranges.")

(defconst imagewire--unsafe
  '((#x0 . #x1f) (#x7f . #x9f) (#xad . #xad) (#x61c . #x61c) (#x180e . #x180e) (#x200b . #x200b) (#x200e . #x200f)
    (#x2028 . #x202e) (#x2060 . #x206f) (#xd800 . #xdfff) (#xfeff . #xfeff) (#xfff9 . #xfffb) (#xe0000 . #xe007f))
  "Characters that no link may hold, as ranges.")

(defconst imagewire--formats
  '((markdown
     :shown ("image" "vector")
     :link "![DESCRIPTION](PATH)"
     :file (:link "[DESCRIPTION](PATH)")
     :path (:keep "/._~-" :other percent)
     :description ((?\\ . "\\\\") (?` . "\\`") (?* . "\\*") (?_ . "\\_") (?\[ . "\\[") (?\] . "\\]") (?| . "\\|")
                   (?$ . "\\$") (?~ . "\\~") (?& . "&amp;") (?< . "&lt;") (?> . "&gt;") (?{ . "&#123;")
                   (?} . "&#125;")))
    (html
     :shown ("image" "vector")
     :link "<img src=\"PATH\" alt=\"DESCRIPTION\">"
     :file (:link "<a href=\"PATH\">DESCRIPTION</a>")
     :path (:keep "/._~-" :other percent)
     :description ((?& . "&amp;") (?< . "&lt;") (?> . "&gt;") (?\" . "&quot;") (?' . "&#39;") (?` . "&#96;")
                   (?{ . "&#123;") (?} . "&#125;") (?@ . "&#64;")))
    (org
     :shown ("image" "vector")
     :link "[[file:PATH]]"
     :file (:link "[[file:PATH]]")
     :path (:keep " /._-+,@()'" :other refuse :map ((?\[ . "\\[") (?\] . "\\]"))))
    (latex
     :shown ("image")
     :link "\\includegraphics[width=\\linewidth]{PATH}"
     :file (:link "\\texttt{PATH}" :path (:keep " /.-+,@()'" :other refuse :map ((?_ . "\\_"))))
     :path (:keep " /._-+,@()'" :other refuse))
    (restructuredtext
     :shown ("image" "vector")
     :link ".. image:: PATH\n   :alt: DESCRIPTION"
     :file (:link "`DESCRIPTION <PATH>`__" :path (:keep "/.~-" :other percent)
                  :description ((?\\ . "\\\\") (?` . "\\`") (?< . "\\<") (?> . "\\>")))
     :path (:keep "/._~-" :other percent)
     :description ())
    (asciidoc
     :shown ("image" "vector")
     :link "image::PATH[alt=\"DESCRIPTION\"]"
     :file (:link "link:PATH[DESCRIPTION]"
                  :description ((?\\ . "&#92;") (?\[ . "&#91;") (?\] . "&#93;") (?{ . "&#123;") (?} . "&#125;")
                                (?| . "&#124;") (?` . "&#96;") (?* . "&#42;") (?_ . "&#95;") (?# . "&#35;")
                                (?^ . "&#94;") (?~ . "&#126;") (?+ . "&#43;") (?' . "&#39;") (?& . "&amp;")
                                (?< . "&lt;") (?> . "&gt;") (?\" . "&quot;") (?= . "&#61;")))
     :path (:keep "/._~-" :other percent)
     :description ((?\\ . "&#92;") (?\[ . "&#91;") (?\] . "&#93;") (?{ . "&#123;") (?} . "&#125;")
                   (?| . "&#124;") (?` . "&#96;") (?* . "&#42;") (?_ . "&#95;") (?# . "&#35;")
                   (?^ . "&#94;") (?~ . "&#126;") (?+ . "&#43;") (?' . "&#39;") (?& . "&amp;")
                   (?< . "&lt;") (?> . "&gt;") (?\" . "&quot;")))
    (typst
     :shown ("image" "vector")
     :link "#image(\"PATH\", alt: \"DESCRIPTION\")"
     :file (:link "#link(\"PATH\", \"DESCRIPTION\")" :path (:keep "/._~-" :other percent))
     :path (:other keep :map ((?\\ . "\\\\") (?\" . "\\\"")))
     :description ((?\\ . "\\\\") (?\" . "\\\"")))
    (norg
     :shown ("image" "vector")
     :link ".image PATH"
     :file (:link "{/ PATH}[DESCRIPTION]" :path (:keep " /._-+,@()" :other refuse))
     :path (:keep "/._-+,@()" :other refuse :map ((?\s . "\\ ")))
     :description ((?\\ . "\\\\") (?\[ . "\\[") (?\] . "\\]") (?\{ . "\\{") (?\} . "\\}") (?* . "\\*") (?/ . "\\/")
                   (?_ . "\\_") (?- . "\\-") (?! . "\\!") (?^ . "\\^") (?\, . "\\,") (?\` . "\\`") (?$ . "\\$")
                   (?& . "\\&") (?% . "\\%") (?< . "\\<") (?> . "\\>") (?@ . "\\@") (?\# . "\\#") (?\| . "\\|")
                   (?~ . "\\~") (?: . "\\:")))
    ;; A string, as most languages write it: nothing in it is an escape or a variable in any of them.
    (code
     :shown ("image" "vector")
     :link "\"PATH\""
     :file (:link "\"PATH\"")
     :path (:keep " /._-+,()" :other refuse)))
  "The rules of each format.
In a path the characters of :map are written so; letters, digits,
what is not ASCII and the characters of :keep as they are; with
the rest :other is done.  A format without :description has none.")

(defconst imagewire--captions
  '((org
     :caption "#+CAPTION: DESCRIPTION\nLINK"
     ;; Org has no escape for brackets and braces.  A colon before a word would make a link of the word before it.
     :words ((?\[ . "(") (?\] . ")") (?{ . "(") (?} . ")") (?\\ . "\\slash{}") (?_ . "\\under{}")
             (?^ . "\\asciicirc{}") (?* . "\\ast{}") (?/ . "\\slash{}") (?+ . "\\plus{}") (?= . "\\equal{}")
             (?~ . "\\tilde{}") (?$ . "\\dollar{}") (?< . "\\lt{}") (?> . "\\gt{}") (?| . "\\vert{}")
             (?: . "\\colon{}")))
    (latex
     :caption "\\begin{figure}\n  \\centering\n  LINK\n  \\caption{DESCRIPTION}\n\\end{figure}"
     :words ((?\\ . "\\textbackslash{}") (?{ . "\\{") (?} . "\\}") (?$ . "\\$") (?& . "\\&") (?# . "\\#")
             (?% . "\\%") (?_ . "\\_") (?^ . "\\textasciicircum{}") (?~ . "\\textasciitilde{}")
             (?< . "\\textless{}") (?> . "\\textgreater{}") (?| . "\\textbar{}") (?\" . "''"))))
  "How a format writes a caption and the link below it, and its words.")

(defun imagewire--any (ranges)
  "Return a regexp of one or more characters in RANGES."
  (concat "[" (mapconcat (pcase-lambda (`(,first . ,last)) (string first ?- last)) ranges "") "]+"))

(defconst imagewire--unwritable
  ;; Also with characters outside Unicode, such as bytes that are not text.
  (imagewire--any (append imagewire--unsafe '((#x110000 . #x3fff7f) (#x3fff80 . #x3fffff))))
  "Regexp of the characters that no link may hold.")

(defun imagewire--escaped-path (path rules)
  "Return PATH as RULES of a format have it; nil where it cannot be safe."
  (let ((written
         (and (<= 1 (length path) 2000)
              (not (string-match-p imagewire--unwritable path))
              (catch 'refused
                (mapconcat
                 (lambda (character)
                   (cond ((alist-get character (plist-get rules :map)))
                         ((or (> character #x7f)
                              (<= ?a character ?z) (<= ?A character ?Z) (<= ?0 character ?9)
                              (seq-contains-p (plist-get rules :keep) character)
                              (eq (plist-get rules :other) 'keep))
                          (string character))
                         ((eq (plist-get rules :other) 'percent) (format "%%%02X" character))
                         (t (throw 'refused nil))))
                 path "")))))
    (and written (replace-regexp-in-string "\\`/+" "/" written t t))))

(defun imagewire--description (prompt)
  "Return PROMPT on one line of at most 100 characters, all visible."
  (let ((line (string-trim
               (replace-regexp-in-string
                " +" " "
                (replace-regexp-in-string imagewire--unwritable ""
                                          (replace-regexp-in-string (imagewire--any imagewire--space) " " prompt)))
               " +" " +")))
    (if (<= (length line) 100) line (concat (substring line 0 99) "…"))))

(defun imagewire--escaped-link (path description format &optional kind)
  "Return the link to PATH with DESCRIPTION in FORMAT; nil where it cannot be safe.
The file is of the KIND, or an image."
  (let* ((rules (alist-get format imagewire--formats))
         (shown (member (or kind "image") (plist-get rules :shown)))
         (rules (if shown rules (append (plist-get rules :file) rules)))
         (description (imagewire--description description))
         (description (if (or shown (not (string-empty-p description))) description
                        (imagewire--description (replace-regexp-in-string "\\`.*/" "" path))))
         (written (imagewire--escaped-path path (plist-get rules :path)))
         (map (plist-get rules :description))
         (values `(("PATH" . ,written)
                   ("DESCRIPTION" . ,(imagewire--mapped description map))))
         (case-fold-search nil))
    (when written
      (replace-regexp-in-string "PATH\\|DESCRIPTION" (lambda (name) (cdr (assoc name values)))
                                (plist-get rules :link) t t))))

(defun imagewire--mapped (text map)
  "Return TEXT with each character written as the alist MAP has it."
  (mapconcat (lambda (character) (alist-get character map (string character))) text ""))

(defun imagewire--captioned (link description format)
  "Return LINK of FORMAT with DESCRIPTION as its caption.
Return it alone where there is none."
  (let* ((rules (alist-get format imagewire--captions))
         (words (imagewire--mapped (imagewire--description description) (plist-get rules :words)))
         ;; Two would begin an export snippet of Org; before a space a colon makes no link.
         (words (replace-regexp-in-string "@@+" "@" (string-replace "\\colon{} " ": " words)))
         (case-fold-search nil))
    (if (or (null rules) (string-empty-p words)) link
      (replace-regexp-in-string "DESCRIPTION\\|LINK" (lambda (name) (if (equal name "LINK") link words))
                                (plist-get rules :caption) t t))))

(provide 'imagewire-escapes)
;;; imagewire-escapes.el ends here
