;;; imagewire-at-point.el --- The links to images in a document  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The imagewire authors

;; Author: The imagewire authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; Finds the links to images in a part of a buffer and the one at point, in the format of its mode, and the file that a
;; link leads to.

;;; Code:

(require 'cl-lib)
(require 'rx)
(require 'subr-x)
(require 'url-util)
(require 'imagewire-format)

(cl-defstruct (imagewire--found (:constructor imagewire--found (start end path)) (:copier nil))
  "A link from START to END; PATH is what it says, without escapes."
  start end path)

(defun imagewire--without-entities (text)
  "Return TEXT with the character references of HTML resolved."
  (let ((names '(("amp" . "&") ("lt" . "<") ("gt" . ">") ("quot" . "\"") ("apos" . "'"))))
    (replace-regexp-in-string
     "&\\(?:#\\([0-9]\\{1,6\\}\\)\\|\\([a-z]+\\)\\);"
     (lambda (whole)
       (let ((number (match-string 1 whole)))
         (if number (string (min (string-to-number number) #x10ffff))
           (or (cdr (assoc (match-string 2 whole) names)) whole))))
     text t t)))

(defun imagewire--without-backslashes (text)
  "Return TEXT with what follows a backslash as it is."
  (replace-regexp-in-string "\\\\\\(.\\)" "\\1" text))

(defun imagewire--from-url (text)
  "Return TEXT with each %XX resolved, as UTF-8."
  (decode-coding-string (url-unhex-string (encode-coding-string text 'utf-8) t) 'utf-8))

(defconst imagewire--html-link
  (cons (rx "<img" (* (not (any ">"))) (any " \t\n") "src" (* " ") "=" (* " ")
            (or (: "\"" (group (* (not (any "\"")))) "\"") (: "'" (group (* (not (any "'")))) "'"))
            (* (or (: "\"" (* (not (any "\""))) "\"") (not (any ">\"")))) ">")
        (lambda (path) (imagewire--from-url (imagewire--without-entities path))))
  "The link of HTML, as in `imagewire--link-regexps'.")

(defconst imagewire--link-regexps
  `((markdown ,(cons (rx "![" (* (or (: "\\" nonl) (not (any "]\\\n")))) "]("
                         (or (: "<" (group (* (not (any ">\n")))) ">")
                             (group (* (or (: "\\" nonl) (: "(" (* (not (any "() \n"))) ")") (not (any "()\\ \n"))))))
                         (? (+ (any " \t")) "\"" (* (not (any "\"\n"))) "\"") ")")
                     (lambda (path) (imagewire--from-url (imagewire--without-backslashes path))))
              ,imagewire--html-link)
    (html ,imagewire--html-link)
    (org ,(cons (rx "[[" (? "file:") (group (* (or (: "\\" nonl) (not (any "[]\\\n"))))) "]"
                    (? "[" (* (not (any "]\n"))) "]") "]")
                #'imagewire--without-backslashes))
    (latex ,(cons (rx "\\includegraphics" (? "*") (? "[" (* (not (any "]"))) "]") "{" (group (* (not (any "}\n")))) "}")
                  #'identity))
    (restructuredtext ,(cons (rx bol (* " ") ".. " (or "image" "figure") "::" (+ " ") (group (+ nonl))
                                 (* "\n" (+ " ") ":" (+ nonl)))
                             #'imagewire--from-url))
    (asciidoc ,(cons (rx "image:" (? ":") (group (* (not (any "[ \n")))) "[" (* (not (any "]\n"))) "]")
                     #'imagewire--from-url))
    (typst ,(cons (rx (? "#") "image(" (* " ") "\"" (group (* (or (: "\\" nonl) (not (any "\"\\\n"))))) "\""
                      (* (or (: "\"" (* (or (: "\\" nonl) (not (any "\"\\")))) "\"") (not (any "\")")))) ")")
                  #'imagewire--without-backslashes))
    (norg ,(cons (rx bol (* " ") ".image" (+ " ") (group (+ nonl))) #'imagewire--without-backslashes))
    (code ,(cons (rx (or (: "\"" (group (* (not (any "\"\n\\"))) "." (or "png" "jpg" "jpeg" "webp" "gif" "avif")) "\"")
                         (: "'" (group (* (not (any "'\n\\"))) "." (or "png" "jpg" "jpeg" "webp" "gif" "avif")) "'")))
                 #'identity)))
  "The links of each format.
Each is a regexp with the path in a group, and the function that
removes the escapes of the path.")

(defun imagewire--widened (format start end)
  "Return where the link of FORMAT from START to END lies with its caption."
  (save-excursion
    (goto-char start)
    (pcase format
      ('org
       (let ((first (line-beginning-position)))
         (when (string-blank-p (buffer-substring-no-properties first start))
           (while (and (= 0 (forward-line -1))
                       (looking-at-p "[ \t]*#\\+\\(caption\\|CAPTION\\|name\\|NAME\\|attr_[a-z]+\\|ATTR_[A-Z]+\\):"))
             (setq start (point)))))
       (cons start end))
      ('latex
       (let ((bound (max (point-min) (- start 3000))))
         (if (and (re-search-backward "\\\\\\(begin\\|end\\){figure\\*?}" bound t)
                  (equal (match-string 1) "begin"))
             (let ((begin (point)))
               (goto-char end)
               (if (and (re-search-forward "\\\\\\(begin\\|end\\){figure\\*?}" (min (point-max) (+ end 3000)) t)
                        (equal (match-string 1) "end"))
                   (cons begin (point))
                 (cons start end)))
           (cons start end))))
      (_ (cons start end)))))

(defun imagewire--next-link (regexp end)
  "Search for REGEXP before END, but not in a line that is too long for it."
  (let (found)
    (while (eq 'again (setq found (condition-case nil
                                      (re-search-forward regexp end t)
                                    (error
                                     ;; The matcher has overflowed, as with an image that is written into its link.
                                     (when (and (= 0 (forward-line 1)) (< (point) end)) 'again))))))
    found))

(defun imagewire--find-links (start end)
  "Return the links to images between START and END, in their order."
  (let ((format (if (imagewire--own-format) 'markdown (imagewire--format)))
        (case-fold-search nil)
        found)
    (save-excursion
      (save-match-data
        (pcase-dolist (`(,regexp . ,clean) (alist-get format imagewire--link-regexps))
          (goto-char start)
          (while (imagewire--next-link regexp end)
            (push (imagewire--found (match-beginning 0) (match-end 0)
                                    (save-match-data
                                      (funcall clean (or (match-string-no-properties 1) (match-string-no-properties 2) ""))))
                  found)))))
    (sort found (lambda (one other) (< (imagewire--found-start one) (imagewire--found-start other))))))

(defun imagewire--link-here ()
  "Return the link to an image at point, with its caption; nil where there is none."
  (save-restriction
    (widen)
    (let* ((here (point))
           (format (imagewire--format))
           (links (imagewire--find-links (save-excursion (forward-line -15) (point))
                                         (save-excursion (forward-line 16) (point))))
           (links (progn
                    (dolist (link links)
                      (pcase-let ((`(,start . ,end) (imagewire--widened format (imagewire--found-start link)
                                                                        (imagewire--found-end link))))
                        (setf (imagewire--found-start link) start
                              (imagewire--found-end link) end)))
                    links)))
      (or (cl-find-if (lambda (link) (and (<= (imagewire--found-start link) here) (< here (imagewire--found-end link))))
                      links)
          ;; Behind a link that was just inserted.
          (cl-find here links :key #'imagewire--found-end)))))

(defun imagewire--file-of (path)
  "Return the absolute name of the file of a link with PATH.
Return nil where it is remote."
  (cond ((string-match "\\`file://\\(?:localhost\\)?\\(/.*\\)" path) (match-string 1 path))
        ((string-match-p "\\`\\(?:[a-zA-Z][a-zA-Z0-9+.-]+:\\|//\\)" path) nil)
        (t (let ((file (expand-file-name path)))
             (cond ((file-remote-p file) nil)
                   ;; LaTeX adds the extension.
                   ((and (eq (imagewire--format) 'latex) (not (file-name-extension file)))
                    (or (cl-find-if #'file-exists-p (mapcar (lambda (extension) (concat file extension))
                                                            '(".png" ".jpg" ".jpeg")))
                        file))
                   (t file))))))

(defun imagewire--image-file-p (file)
  "Whether FILE is an image of a format that can be sent, by its first bytes."
  (with-temp-buffer
    (set-buffer-multibyte nil)
    (insert-file-contents-literally file nil 0 32)
    (looking-at-p (rx bos (or "\x89PNG\r\n" "\xff\xd8\xff" "GIF8" "BM" "II*\0" "MM\0*"
                              (: "RIFF" (= 4 anything) "WEBP") (: (= 4 anything) "ftypavif"))))))

(defun imagewire--image-here ()
  "Return the link at point, with the absolute name of its file as path.
Signal a `user-error' if there is no link, or its file is gone,
remote or no image."
  (let* ((link (or (imagewire--link-here) (user-error "There is no link to an image at point.  Nothing was sent")))
         (path (imagewire--found-path link))
         (file (imagewire--file-of path)))
    (cond ((null file) (user-error "The image %s is on another machine.  Nothing was sent" (imagewire--short path 60)))
          ((not (file-regular-p file)) (user-error "The file %s is gone.  Nothing was sent" (imagewire--short path 60)))
          ((not (file-readable-p file)) (user-error "The file %s cannot be read.  Nothing was sent" (imagewire--short path 60)))
          ((not (imagewire--image-file-p file))
           (user-error "The file %s is not an image.  Nothing was sent" (imagewire--short path 60))))
    (setf (imagewire--found-path link) file)
    link))

(provide 'imagewire-at-point)
;;; imagewire-at-point.el ends here
