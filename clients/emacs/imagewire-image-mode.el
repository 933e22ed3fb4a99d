;;; imagewire-image-mode.el --- Images shown at their links  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The imagewire authors

;; Author: The imagewire authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; A minor mode that shows the images of a document below their links, as far as they are in sight (Jit Lock), and hides
;; them again.  Org shows its own.

;;; Code:

(require 'cl-lib)
(require 'image)
(require 'jit-lock)
(require 'subr-x)
(require 'imagewire-at-point)
(require 'imagewire-message)
(require 'imagewire-settings)

(declare-function org-display-inline-images "org" (&optional include-linked refresh beg end))
(declare-function org-remove-inline-images "org" (&optional beg end))
(defvar org-image-actual-width)

(defun imagewire--no-images ()
  "Return the reason for which no image can be shown here, or nil."
  (cond ((display-images-p) nil)
        ((display-graphic-p) "this Emacs was built without images")
        (t "this is a text terminal.  A graphical Emacs shows them: emacsclient -c")))

(defun imagewire--image (file)
  "Return the image in FILE for display; nil where this Emacs cannot show it."
  ;; An SVG file may be slow to draw, and is somebody else's.
  (when (and (display-images-p)
             (member (downcase (or (file-name-extension file) "")) '("png" "jpg" "jpeg" "gif" "webp" "bmp" "tiff" "avif"))
             ;; Reading a pipe would not end.
             (file-regular-p file)
             (file-readable-p file))
    (create-image file nil nil :max-width imagewire-image-width)))

(defun imagewire--hide-images (start end)
  "Remove the images between START and END.
Return where the links of all of them begin and end."
  (dolist (overlay (overlays-in start end))
    (when (overlay-get overlay 'imagewire-image)
      (setq start (min start (overlay-start overlay))
            end (max end (overlay-end overlay)))
      (delete-overlay overlay)))
  (cons start end))

(defun imagewire--show-images (start end)
  "Show the images whose links are between START and END."
  (dolist (link (imagewire--find-links start end))
    (when-let* ((file (imagewire--file-of (imagewire--found-path link)))
                (image (ignore-errors (imagewire--image file)))
                (overlay (make-overlay (imagewire--found-start link) (imagewire--found-end link) nil t nil)))
      (overlay-put overlay 'imagewire-image t)
      ;; It goes with the link.
      (overlay-put overlay 'evaporate t)
      (overlay-put overlay 'after-string (concat "\n" (propertize " " 'display image)
                                                 (unless (save-excursion (goto-char (imagewire--found-end link)) (eolp))
                                                   "\n"))))))

(defun imagewire--show-lines (start end)
  "Show the images of the lines from START to END."
  (let ((lines (lambda (start end)
                 (save-excursion
                   (cons (progn (goto-char start) (line-beginning-position))
                         (progn (goto-char end) (line-end-position)))))))
    ;; A link that is only partly in them is shown anew as well.
    (pcase-let* ((`(,start . ,end) (funcall lines start end))
                 (`(,start . ,end) (imagewire--hide-images start end))
                 (`(,start . ,end) (funcall lines start end)))
      (imagewire--show-images start end))))

(defun imagewire--show-in-org (start end)
  "Let Org show the images between START and END."
  (let ((org-image-actual-width (if (eq org-image-actual-width t) (list imagewire-image-width) org-image-actual-width)))
    (org-display-inline-images nil t start end)))

(defvar-local imagewire--hidden nil
  "Whether the images of this buffer were hidden, so that no command shows them.")

;;;###autoload
(define-minor-mode imagewire-image-mode
  "Show the images of this document at their links.
Where Emacs cannot show images, say why and stay off."
  :lighter " Images"
  (let ((why (imagewire--no-images))
        (org (derived-mode-p 'org-mode)))
    (cond
     ((and imagewire-image-mode why)
      (setq imagewire-image-mode nil)
      (imagewire--say "images cannot be shown: %s" why))
     (imagewire-image-mode
      (setq imagewire--hidden nil)
      (if org (imagewire--show-in-org (point-min) (point-max))
        (jit-lock-register #'imagewire--show-lines)))
     (org
      (setq imagewire--hidden t)
      (org-remove-inline-images))
     (t
      (setq imagewire--hidden t)
      (jit-lock-unregister #'imagewire--show-lines)
      (save-restriction
        (widen)
        (imagewire--hide-images (point-min) (point-max)))))))

(defun imagewire--show-inserted (start end)
  "Show the images whose links were inserted between START and END."
  (when (and imagewire-display-images (not imagewire--hidden) (display-images-p))
    (cond ((not imagewire-image-mode)
           (imagewire-image-mode)
           (unless (derived-mode-p 'org-mode) (imagewire--show-lines start end)))
          ((derived-mode-p 'org-mode) (imagewire--show-in-org start end))
          (t (imagewire--show-lines start end)))))

(defun imagewire--image-mode-on ()
  "Switch on `imagewire-image-mode' in a document."
  ;; Without a package for Markdown its files are in Fundamental mode.
  (when (and buffer-file-name (display-images-p)
             (or (eq major-mode 'fundamental-mode) (derived-mode-p 'text-mode 'org-mode 'TeX-mode)))
    (imagewire-image-mode)))

;;;###autoload
(define-globalized-minor-mode imagewire-global-image-mode imagewire-image-mode imagewire--image-mode-on
  :group 'imagewire)

(provide 'imagewire-image-mode)
;;; imagewire-image-mode.el ends here
