;;; imagewire-format.el --- Links as the mode of a document writes them  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The imagewire authors

;; Author: The imagewire authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; Which format the links of a buffer have, the text of links to the files of a prediction, and what may be done with a
;; file of a kind.

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'imagewire-escapes)
(require 'imagewire-folder)
(require 'imagewire-message)
(require 'imagewire-settings)

(defun imagewire--own-format ()
  "Return the function of `imagewire-link-formats' for this buffer, or nil."
  (cl-loop for (mode . function) in imagewire-link-formats
           when (derived-mode-p mode) return function))

(defconst imagewire--modes
  '((org org-mode)
    (latex tex-mode latex-mode TeX-mode LaTeX-mode)
    (html html-mode mhtml-mode html-ts-mode web-mode nxml-mode)
    (typst typst-mode typst-ts-mode)
    (restructuredtext rst-mode)
    (asciidoc adoc-mode asciidoc-mode doc-mode)
    (norg norg-mode)
    (markdown markdown-mode markdown-ts-mode)
    (code prog-mode conf-mode yaml-mode yaml-ts-mode))
  "The modes of each format.")

(defconst imagewire--extensions
  '(("typ" . typst) ("rst" . restructuredtext) ("adoc" . asciidoc) ("asciidoc" . asciidoc) ("norg" . norg)
    ("org" . org) ("tex" . latex) ("html" . html) ("htm" . html))
  "The formats of files for which there may be no mode.")

(defvar-local imagewire--fixed-format nil
  "The format of links in this buffer, whatever its mode.")

(defun imagewire--format ()
  "Return the name of the format of links in this buffer."
  (or imagewire--fixed-format
      (cl-loop for (format . modes) in imagewire--modes
               when (apply #'derived-mode-p modes) return format)
      (when buffer-file-name
        (cdr (assoc-string (or (file-name-extension buffer-file-name) "") imagewire--extensions t)))
      'markdown))

(defun imagewire--block-p ()
  "Whether a link in this buffer is a paragraph of its own, in any place."
  (or (memq (imagewire--format) '(restructuredtext asciidoc norg))
      (and imagewire-figure (eq (imagewire--format) 'latex))))

(defun imagewire--linkable-p (path &optional kind)
  "Whether a link with PATH can be written safely in this buffer.
The file is of the KIND, or an image."
  (if (and (imagewire--own-format) (member kind '(nil "image" "vector")))
      (imagewire--escaped-path path '(:other keep))
    (imagewire--escaped-link path "" (imagewire--format) kind)))

(defun imagewire--alt (prompt)
  "Return the text of the link to an image of PROMPT."
  (let ((text (when imagewire-alt
                (condition-case problem
                    (funcall imagewire-alt prompt)
                  (error
                   (imagewire--warn "the function in imagewire-alt failed: %s" (error-message-string problem))
                   nil)))))
    (if (stringp text) text prompt)))

(defun imagewire--link (path prompt &optional kind own-line)
  "Link to PATH, as the current buffer's mode writes it, described by PROMPT.
The file is of the KIND, or an image.  With OWN-LINE the link is
on a line of its own and may have a caption.  A format of the
user's writes the images only; one that fails costs its form,
never the link: then it is Markdown."
  (let* ((image (member kind '(nil "image" "vector")))
         (own (and image (imagewire--own-format)))
         (format (if own 'markdown (imagewire--format)))
         (text (imagewire--alt prompt)))
    (or (when own
          (condition-case problem
              (let ((text (funcall own path (imagewire--description text))))
                (if (stringp text) text (error "It returned no text")))
            (error
             (imagewire--warn "the function for %s in imagewire-link-formats failed: %s"
                                   major-mode (error-message-string problem))
             nil)))
        (let ((link (imagewire--escaped-link path text format kind)))
          (if (and link image own-line (or imagewire-figure (not (eq format 'latex))))
              (imagewire--captioned link text format)
            link)))))

(defun imagewire--links (prediction prompt &optional own-line folder)
  "Return the links to insert in this buffer for the files of PREDICTION of PROMPT.
OWN-LINE is as in `imagewire--link', FOLDER as in
`imagewire--path-to'.  Nil where a link would not be safe."
  (let* ((files (append (plist-get prediction :files) nil))
         (paths (mapcar (lambda (file) (imagewire--path-to (plist-get file :path) folder)) files)))
    (when (and files (cl-every (lambda (file path) (imagewire--linkable-p path (plist-get file :kind))) files paths))
      (let ((links (cl-mapcar (lambda (file path) (imagewire--link path prompt (plist-get file :kind) own-line))
                              files paths)))
        (mapconcat #'identity links (if (cl-some (lambda (link) (string-search "\n" link)) links) "\n\n" "\n"))))))

(defun imagewire--kinds (prediction)
  "Return a word for the files of PREDICTION in a list, such as 4×image."
  (let* ((kinds (mapcar (lambda (file) (or (plist-get file :kind) "image")) (plist-get prediction :files)))
         (count (length kinds)))
    (cond ((cdr (delete-dups (copy-sequence kinds))) (format "%d files" count))
          ((cdr kinds) (format "%d×%s" count (car kinds)))
          (t (or (car kinds) "")))))

(defun imagewire--refuse (path)
  "Say that no link to PATH would be safe."
  (imagewire--warn "no link was inserted, because its path would not be safe in this mode.  The file is %s" path))

(defun imagewire--openable-p (file)
  "Whether the system's viewer may open FILE: nothing that it might run."
  (or (member (plist-get file :kind) '(nil "image" "video" "audio" "json"))
      ;; Pages, drawings in SVG and archives may contain scripts or programs.
      (member (plist-get file :media_type)
              '("text/plain" "text/markdown" "text/csv" "text/vtt" "text/srt" "model/gltf-binary" "model/gltf+json"
                "model/obj" "model/stl" "model/ply"))))

(provide 'imagewire-format)
;;; imagewire-format.el ends here
