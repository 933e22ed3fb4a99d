;;; imagewire-link.el --- Links to files, and the images beside them  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The imagewire authors

;; Author: The imagewire authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; Where the files of a document go, how its mode writes the links to them, and the display of images.

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'imagewire-escapes)
(require 'imagewire-message)
(require 'imagewire-settings)

(declare-function org-display-inline-images "org" (&optional include-linked refresh beg end))

(defun imagewire--own-format ()
  "Return the function of `imagewire-link-formats' for this buffer, or nil."
  (cl-loop for (mode . function) in imagewire-link-formats
           when (derived-mode-p mode) return function))

(defun imagewire--format ()
  "Return the name of the format of links in this buffer."
  (cond ((derived-mode-p 'org-mode) 'org)
        ((derived-mode-p 'tex-mode 'latex-mode 'TeX-mode 'LaTeX-mode) 'latex)
        ((derived-mode-p 'html-mode 'mhtml-mode 'html-ts-mode 'web-mode) 'html)
        ((derived-mode-p 'typst-mode 'typst-ts-mode) 'typst)
        (t 'markdown)))

(defun imagewire--linkable-p (file &optional kind)
  "Whether a link to FILE can be written safely in this buffer.
The file is of the KIND, or an image."
  (if (and (imagewire--own-format) (member kind '(nil "image" "vector")))
      (imagewire--escaped-path (imagewire--path-to file) '(:other keep))
    (imagewire--escaped-link (imagewire--path-to file) "" (imagewire--format) kind)))

(defun imagewire--link (path prompt &optional kind)
  "Link to PATH, as the current buffer's mode writes it, described by PROMPT.
The file is of the KIND, or an image.  A format of the user's
writes the images only; one that fails costs its form, never the
link: then it is Markdown."
  (let ((own (and (member kind '(nil "image" "vector")) (imagewire--own-format))))
    (or (when own
          (condition-case problem
              (let ((text (funcall own path (imagewire--description prompt))))
                (if (stringp text) text (error "It returned no text")))
            (error
             (imagewire--say-error (format "the function for %s in imagewire-link-formats failed: %s"
                                           major-mode (error-message-string problem)))
             nil)))
        (imagewire--escaped-link path prompt (if own 'markdown (imagewire--format)) kind))))

(defun imagewire--image-folder ()
  "Return where this buffer's images go, or nil for imagewire's own folder."
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

(defun imagewire--path-to (file)
  "Return the path of FILE as a link of this buffer has it.
Relative only where `imagewire-folder' is and FILE is in it."
  (if (and (equal (directory-file-name (file-name-directory file)) (imagewire--image-folder))
           (not (file-name-absolute-p imagewire-folder)))
      (concat (file-name-as-directory imagewire-folder) (file-name-nondirectory file))
    file))

(defun imagewire--links (prediction prompt)
  "Return the lines to insert in this buffer for the files of PREDICTION of PROMPT.
Nil where a link would not be safe."
  (let ((files (plist-get prediction :files)))
    (when (cl-every (lambda (file) (imagewire--linkable-p (plist-get file :path) (plist-get file :kind))) files)
      (mapconcat (lambda (file)
                   (imagewire--link (imagewire--path-to (plist-get file :path)) prompt (plist-get file :kind)))
                 files "\n"))))

(defun imagewire--kinds (prediction)
  "Return a word for the files of PREDICTION in a list, such as 4×image."
  (let* ((kinds (mapcar (lambda (file) (or (plist-get file :kind) "image")) (plist-get prediction :files)))
         (count (length kinds)))
    (cond ((cdr (delete-dups (copy-sequence kinds))) (format "%d files" count))
          ((cdr kinds) (format "%d×%s" count (car kinds)))
          (t (or (car kinds) "")))))

(defun imagewire--refuse (path)
  "Say that no link to PATH would be safe."
  (imagewire--say-error (concat "no link was inserted, because its path would not be safe in this mode.  The file is "
                                path)))

(defun imagewire--openable-p (file)
  "Whether the system's viewer may open FILE: nothing that it might run."
  (or (member (plist-get file :kind) '(nil "image" "video" "audio" "json"))
      ;; Pages, drawings in SVG and archives may contain scripts or programs.
      (member (plist-get file :media_type)
              '("text/plain" "text/markdown" "text/csv" "text/vtt" "text/srt" "model/gltf-binary" "model/gltf+json"
                "model/obj" "model/stl" "model/ply"))))

(defun imagewire--pictures (prediction)
  "Return the paths of the images among the files of PREDICTION."
  (cl-loop for file across (plist-get prediction :files)
           when (member (plist-get file :kind) '(nil "image")) collect (plist-get file :path)))

(defun imagewire--display (start end prediction)
  "Show the images of PREDICTION, whose links are between START and END."
  (when (and imagewire-display-images (display-images-p))
    (cond
     ((derived-mode-p 'org-mode) (org-display-inline-images nil nil start end))
     ;; An SVG file may be slow to draw, and is somebody else's.
     ((and (memq (char-after start) '(?! ?\[)) (imagewire--pictures prediction))
      (let ((images (mapconcat
                     (lambda (path)
                       (propertize " " 'display (create-image path nil nil :max-width imagewire-image-width)))
                     (imagewire--pictures prediction) " "))
            (overlay (make-overlay start end nil t nil)))
        (overlay-put overlay 'imagewire t)
        ;; It goes with the link.
        (overlay-put overlay 'evaporate t)
        (overlay-put overlay 'after-string (concat "\n" images)))))))

(defun imagewire--insert (prediction prompt)
  "Insert links to the files of PREDICTION of PROMPT at point, and show them.
Return nil where a link would not be safe."
  (let ((start (point))
        (links (imagewire--links prediction prompt)))
    (when links
      (undo-boundary)
      (insert links)
      (undo-boundary)
      ;; An image that cannot be shown is there all the same.
      (imagewire--guarded #'imagewire--display start (point) prediction)
      t)))

(provide 'imagewire-link)
;;; imagewire-link.el ends here
