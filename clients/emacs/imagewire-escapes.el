;;; imagewire-escapes.el --- How links to images are escaped  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The imagewire authors

;; Author: The imagewire authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; How the path and the description of a link are written, by format, so that neither ends the link or runs: by :link for
;; a file of a kind in :shown, otherwise by :file, whose members replace those of the format.  These are the rules of
;; Tests/Fixtures/link-escapes.json in imagewire's repository, which explains them and has examples.

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
    (typst
     :shown ("image" "vector")
     :link "#image(\"PATH\", alt: \"DESCRIPTION\")"
     :file (:link "#link(\"PATH\", \"DESCRIPTION\")" :path (:keep "/._~-" :other percent))
     :path (:other keep :map ((?\\ . "\\\\") (?\" . "\\\"")))
     :description ((?\\ . "\\\\") (?\" . "\\\""))))
  "The rules of each format.
In a path the characters of :map are written so; letters, digits,
what is not ASCII and the characters of :keep as they are; with
the rest :other is done.  A format without :description has none.")

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
                   ("DESCRIPTION" . ,(mapconcat (lambda (character)
                                                  (alist-get character map (string character)))
                                                description ""))))
         (case-fold-search nil))
    (when written
      (replace-regexp-in-string "PATH\\|DESCRIPTION" (lambda (name) (cdr (assoc name values)))
                                (plist-get rules :link) t t))))

(provide 'imagewire-escapes)
;;; imagewire-escapes.el ends here
