;;; imagewire-link.el --- Links to pictures, and the pictures beside them  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The imagewire authors

;; Author: The imagewire authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; Where the pictures of a document go, how its mode writes the links to them, and their display.

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'imagewire-message)
(require 'imagewire-settings)

(declare-function org-link-make-string "ol" (link &optional description))
(declare-function org-display-inline-images "org" (&optional include-linked refresh beg end))

(defun imagewire--url (path)
  "Percent-encode what would end or change a link in PATH."
  (replace-regexp-in-string "[][[:cntrl:] %\"#?<>()\\`{}|^]"
                            (lambda (character) (format "%%%02X" (string-to-char character)))
                            path t t))

(defun imagewire--markdown (path description)
  "Link to PATH with DESCRIPTION, in Markdown."
  (format "![%s](%s)" (replace-regexp-in-string "[][\\`<]" "\\\\\\&" description) (imagewire--url path)))

(defun imagewire--org (path _description)
  "Link to PATH, in Org."
  (org-link-make-string (concat "file:" path)))

(defun imagewire--latex (path _description)
  "Link to PATH, in LaTeX."
  (format "\\includegraphics[width=\\linewidth]{%s}" path))

(defun imagewire--html (path description)
  "Link to PATH with DESCRIPTION, in HTML."
  (cl-flet ((quoted (text)
              (replace-regexp-in-string
               "[&<>\"]"
               (lambda (character)
                 (pcase character ("&" "&amp;") ("<" "&lt;") (">" "&gt;") (_ "&quot;")))
               text t t)))
    (format "<img src=\"%s\" alt=\"%s\">" (quoted (imagewire--url path)) (quoted description))))

(defun imagewire--link (path prompt)
  "Link to PATH, as the current buffer's mode writes it, described by PROMPT.
A format of the user's that fails costs its form, never the link:
then it is Markdown."
  (let ((own (cl-loop for (mode . function) in imagewire-link-formats
                      when (derived-mode-p mode) return function))
        (words (imagewire--short prompt 100)))
    (or (when own
          (condition-case problem
              (let ((text (funcall own path words)))
                (if (stringp text) text (error "It returned no text")))
            (error
             (imagewire--say-error (format "the function for %s in imagewire-link-formats failed: %s"
                                           major-mode (error-message-string problem)))
             nil)))
        (funcall
         (cond (own #'imagewire--markdown)
               ((derived-mode-p 'org-mode) #'imagewire--org)
               ((derived-mode-p 'tex-mode 'latex-mode 'TeX-mode 'LaTeX-mode) #'imagewire--latex)
               ((derived-mode-p 'html-mode 'mhtml-mode 'html-ts-mode 'web-mode) #'imagewire--html)
               (t #'imagewire--markdown))
         path words))))

(defun imagewire--pictures-folder ()
  "Return where this buffer's pictures go, or nil for imagewire's own folder."
  (when (and buffer-file-name imagewire-folder (not (file-remote-p buffer-file-name)))
    (directory-file-name
     (expand-file-name imagewire-folder (file-name-directory buffer-file-name)))))

(defun imagewire--name (prompt)
  "Return a file name made of the first words of PROMPT, or nil if there are none."
  (let* ((start (substring prompt 0 (min 400 (length prompt))))
         (name (string-trim (replace-regexp-in-string "[^a-z0-9]+" "-" (downcase start)) "-+" "-+")))
    (when (> (length name) 40)
      (setq name (string-trim (replace-regexp-in-string "-[^-]*\\'" "" (substring name 0 40)) "-+" "-+")))
    (unless (string-empty-p name) name)))

(defun imagewire--links (prediction prompt)
  "Return the lines to insert in this buffer for the files of PREDICTION of PROMPT."
  (mapconcat
   (lambda (file)
     (let ((path (plist-get file :path)))
       (imagewire--link
        ;; Relative only where the file is where this document keeps its pictures.
        (if (equal (directory-file-name (file-name-directory path)) (imagewire--pictures-folder))
            (concat (file-name-as-directory imagewire-folder) (file-name-nondirectory path))
          path)
        prompt)))
   (plist-get prediction :files) "\n"))

(defun imagewire--display (start end prediction)
  "Show the pictures of PREDICTION, whose links are between START and END."
  (when (and imagewire-display-images (display-images-p))
    (cond
     ((derived-mode-p 'org-mode) (org-display-inline-images nil nil start end))
     ((eq (char-after start) ?!)
      (let ((images (mapconcat
                     (lambda (file)
                       (propertize " " 'display (create-image (plist-get file :path) nil nil
                                                              :max-width imagewire-image-width)))
                     (plist-get prediction :files) " "))
            (overlay (make-overlay start end nil t nil)))
        (overlay-put overlay 'imagewire t)
        ;; It goes with the link.
        (overlay-put overlay 'evaporate t)
        (overlay-put overlay 'after-string (concat "\n" images)))))))

(defun imagewire--insert (prediction prompt)
  "Insert links to the files of PREDICTION of PROMPT at point, and show them."
  (let ((start (point)))
    (undo-boundary)
    (insert (imagewire--links prediction prompt))
    (undo-boundary)
    ;; A picture that cannot be shown is there all the same.
    (imagewire--guarded #'imagewire--display start (point) prediction)))

(provide 'imagewire-link)
;;; imagewire-link.el ends here
