;;; imagewire-folder.el --- Where the files of a document go  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The imagewire authors

;; Author: The imagewire authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; The folder of a document's images, whether it can be written, the paths that links have, and copies into the folder.

;;; Code:

(require 'cl-lib)
(require 'project)
(require 'subr-x)
(require 'imagewire-settings)

(declare-function project-root "project" (project))

(defun imagewire--image-folder ()
  "Return where this buffer's images go, or nil for imagewire's own folder."
  (when (and buffer-file-name (not (file-remote-p buffer-file-name)))
    (when-let ((folder (if (functionp imagewire-folder) (funcall imagewire-folder buffer-file-name) imagewire-folder)))
      (directory-file-name (expand-file-name folder (file-name-directory buffer-file-name))))))

(defun imagewire--check-folder (folder)
  "Signal a `user-error' if no file can be written into FOLDER."
  (let ((there folder)
        above)
    ;; It is made with the first file; until then what is above it decides.
    (while (not (or (file-exists-p there)
                    (equal there (setq above (directory-file-name (file-name-directory there))))))
      (setq there above))
    (unless (and (file-directory-p there) (file-writable-p there))
      (user-error "The folder %s cannot be written; `imagewire-folder' names another.  Nothing was sent"
                  (abbreviate-file-name folder)))))

(defun imagewire--name (prompt)
  "Return a file name made of the first words of PROMPT, or nil if there are none."
  (let* ((start (substring prompt 0 (min 400 (length prompt))))
         (name (string-trim (replace-regexp-in-string "[^a-z0-9]+" "-" (downcase start)) "-+" "-+")))
    (when (> (length name) 40)
      (setq name (string-trim (replace-regexp-in-string "-[^-]*\\'" "" (substring name 0 40)) "-+" "-+")))
    (unless (string-empty-p name) name)))

(defun imagewire--project ()
  "Return the root of this buffer's project, or nil."
  (ignore-errors
    (when-let ((project (project-current nil (file-name-directory buffer-file-name))))
      (expand-file-name (project-root project)))))

(defun imagewire--beside-p (file &optional folder)
  "Whether a link from this buffer to FILE is relative.
It is in FOLDER or in that of the buffer, or below its project."
  (and buffer-file-name
       (not (file-remote-p buffer-file-name))
       (let ((parent (file-truename (directory-file-name (file-name-directory file)))))
         (or (cl-some (lambda (place) (and place (equal parent (file-truename place))))
                      (list folder (imagewire--image-folder)))
             (when-let ((root (imagewire--project))) (file-in-directory-p file root))))))

(defun imagewire--path-to (file &optional folder)
  "Return the path of FILE as a link of this buffer has it.
FOLDER is where the images of its command went."
  (if (not (imagewire--beside-p file folder)) file
    (let* ((document (file-name-directory buffer-file-name))
           (path (file-relative-name file document)))
      ;; With a symbolic link above the document, .. leads elsewhere than the name says.
      (if (string-prefix-p "../" path)
          (file-relative-name (file-truename file) (file-truename document))
        path))))

(defun imagewire--same-p (file other)
  "Whether FILE and OTHER have the same bytes."
  (and (equal (file-attribute-size (file-attributes file)) (file-attribute-size (file-attributes other)))
       (apply #'equal (mapcar (lambda (name)
                                (with-temp-buffer
                                  (set-buffer-multibyte nil)
                                  (insert-file-contents-literally name)
                                  (secure-hash 'sha256 (current-buffer))))
                              (list file other)))))

(defun imagewire--copied (file)
  "Return the name of a copy of FILE in the folder of this buffer.
Return FILE where it is beside the document already, or the
buffer has no folder.  Nothing is replaced, and an earlier copy
is used again."
  (let ((folder (imagewire--image-folder)))
    (if (or (null folder) (imagewire--beside-p file)) file
      (imagewire--check-folder folder)
      (make-directory folder t)
      (let ((name (expand-file-name (file-name-nondirectory file) folder))
            (number 1))
        (while (and (file-exists-p name) (not (imagewire--same-p file name)))
          (setq number (1+ number)
                name (expand-file-name (format "%s_%d.%s" (file-name-base file) number (file-name-extension file))
                                       folder)))
        (unless (file-exists-p name)
          (copy-file file name)
          ;; The umask decides, not the modes of the original.
          (set-file-modes name (logand #o666 (default-file-modes))))
        name))))

(provide 'imagewire-folder)
;;; imagewire-folder.el ends here
